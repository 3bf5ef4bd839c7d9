import { SluiceError } from '@sluice/contracts';

import { allowsAddress, allowsHost, allowsPort, unbracket, type AllowList } from './allow-list.ts';
import { parseAddress } from './public-address.ts';

/**
 * Says early and clearly what the connector would refuse later: schemes other than http and https, a user name or
 * password in the URL, literal private addresses in any spelling, `localhost`, ports of other services. It resolves no
 * names, so it proves nothing about them: the lock is {@link createGuardedConnector}.
 * @param param where the URL stands in the client's request, for the message; for example `webhook.url`.
 * @throws SluiceError `blocked_address`.
 */
export function checkUrl(url: string, allow: AllowList, param: string): URL {
  const refuse = (message: string) =>
    new SluiceError('blocked_address', `${param} ${message}`, { param });
  // The WHATWG parser turns 2130706433, 0x7f.1, 0177.0.0.1 and full-width digits into 127.0.0.1.
  const parsed = URL.parse(url);
  if (!parsed) throw refuse('must be an absolute http or https URL');
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw refuse(`must be an http or https URL, not ${parsed.protocol}`);
  }
  if (parsed.username || parsed.password) {
    throw refuse('must not contain a user name or password');
  }
  if (!mayBePublic(parsed.hostname, allow)) {
    throw refuse(
      `must be reachable from the internet, and ${parsed.hostname} is a private or reserved address; ` +
        'the operator can allow it with allowPrivateHosts',
    );
  }
  if (!allowsPort(allow, parsed.hostname, parsed.port)) {
    throw refuse(
      `must not name port ${parsed.port}: below 1024 only 80 and 443 are allowed; ` +
        'the operator can allow the host with allowPrivateHosts',
    );
  }
  return parsed;
}

function mayBePublic(hostname: string, allow: AllowList): boolean {
  if (allowsHost(allow, hostname)) return true;
  const address = parseAddress(unbracket(hostname));
  return address ? allowsAddress(allow, address) : !isLoopbackName(hostname);
}

/** RFC 6761: these names are loopback wherever they are asked for. */
function isLoopbackName(hostname: string): boolean {
  return /(^|\.)localhost\.?$/.test(hostname);
}
