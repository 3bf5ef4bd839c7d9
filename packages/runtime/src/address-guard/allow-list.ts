import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

import { SluiceError } from '@sluice/contracts';

import { isPublicAddress, parseAddress, type Address } from './public-address.ts';

/** Private hosts and ranges that may be reached all the same. Made by {@link parseAllowList}. */
export interface AllowList {
  readonly hosts: ReadonlySet<string>;
  readonly ranges: readonly (readonly [Address, number])[];
}

/**
 * Reads `allowPrivateHosts`. An entry is a host name (matches that name exactly, whatever it resolves to), an IP
 * address or a CIDR (both match literal addresses and the answers of any name).
 * @throws SluiceError `invalid_request` that names the entry, if one is none of these.
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const hosts = new Set<string>();
  const ranges: [Address, number][] = [];
  for (const entry of entries) {
    const range = parseRange(entry);
    if (range) ranges.push(range);
    else hosts.add(hostName(entry));
  }
  return { hosts, ranges };
}

/** Not ipaddr.js's own parser: it reads `10/8` as 0.0.0.10/8 and `010.0.0.0/8` as 8.0.0.0/8. */
function parseRange(entry: string): [Address, number] | undefined {
  const [network = '', bits, ...rest] = entry.split('/');
  const address = parseAddress(unbracket(network));
  if (!address || rest.length > 0) return undefined;
  const maxBits = address.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return [address, maxBits];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= maxBits ? [address, Number(bits)] : undefined;
}

/** Whether `host` (a name or an IP literal, with or without brackets) is allowed by name. */
export function allowsHost(allow: AllowList, host: string): boolean {
  return allow.hosts.has(normalise(host));
}

/** Whether a connection to this address may be made: it is public, or the list names it. */
export function allowsAddress(allow: AllowList, address: Address): boolean {
  return isPublicAddress(address) || allow.ranges.some((range) => contains(range, address));
}

/**
 * Whether a connection to this port may be made. Below 1024 stand services that answer anybody inside a network (SMTP, DNS,
 * LDAP, SMB) and that a line of HTTP can be made to say something to; so only those of the web, unless the list names
 * the host (as it stands in the URL) or its literal address.
 * @param port as of a URL: empty for the scheme's own.
 */
export function allowsPort(allow: AllowList, host: string, port: string): boolean {
  if (port === '' || port === '80' || port === '443' || Number(port) >= 1_024) return true;
  if (allowsHost(allow, host)) return true;
  const address = parseAddress(unbracket(host));
  return address !== undefined && allow.ranges.some((range) => contains(range, address));
}

function contains([network, bits]: readonly [Address, number], address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function hostName(entry: string): string {
  const name = /^[\p{L}\p{N}._-]+$/u.test(entry) ? normalise(entry) : '';
  // `10` is 0.0.0.10 to a URL: whoever writes that means something else.
  if (name !== '' && isIP(name) === 0) return name;
  throw new SluiceError(
    'invalid_request',
    `allowPrivateHosts: "${entry}" is neither a host name nor an IP address nor a CIDR such as 10.0.0.0/8`,
    { param: 'allowPrivateHosts' },
  );
}

/** The form in which URLs carry a host name: punycode, lower case; and without the dot of the DNS root. */
function normalise(host: string): string {
  const name = unbracket(host).replace(/\.$/, '');
  return domainToASCII(name) || name.toLowerCase();
}

/** `[::1]` of a URL as `::1`. */
export function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
