import { lookup as askSystem } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';

import { SluiceError } from '@sluice/contracts';
import { buildConnector } from 'undici';

import { allowsAddress, allowsHost, allowsPort, type AllowList } from './allow-list.ts';
import { parseAddress } from './public-address.ts';

/** One answer of the resolver. */
export interface ResolvedAddress {
  address: string;
  family: 4 | 6;
}

/** Every address of a host name. Rejects like `dns.lookup`, with a `code` such as `ENOTFOUND`. */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export interface GuardOptions {
  allow: AllowList;
  /** Whole time to get a connection: the name's resolution, TCP and TLS. */
  connectTimeoutMs: number;
  /** Default: the system's resolver, asked once for each connection. */
  lookup?: Lookup | undefined;
}

/** How long one address of several may take before the next one is tried as well (RFC 8305). */
const nextAddressAfterMs = 1_000;

/**
 * undici's connector behind a lock. Literal addresses are judged here, because Node never asks `lookup` about them;
 * names are resolved once, every answer is judged, one private answer refuses the name, and the socket connects to
 * exactly the answers that were judged: a name that changes its answer afterwards (DNS rebinding) changes nothing. SNI,
 * certificate check and Host keep the name. No unix sockets, no proxies, and HTTP/1.1 only.
 *
 * A refusal is a SluiceError `blocked_address`. It does not say what the name resolved to: the reader may be the one
 * who is exploring the network.
 */
export function createGuardedConnector(options: GuardOptions): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressAfterMs,
    lookup: guardLookup(options.lookup ?? systemLookup, options.allow),
  });
  return ({ protocol, hostname, host, port, servername }, callback) => {
    if (!isPermittedTarget(protocol, hostname, options.allow)) {
      callback(blocked(hostname), null);
      return;
    }
    if (!allowsPort(options.allow, hostname, port)) {
      callback(new SluiceError('blocked_address', `port ${port} is not allowed`), null);
      return;
    }
    const target = { protocol, hostname, port, ...(host && { host }) };
    connect(protocol === 'https:' && servername ? { ...target, servername } : target, callback);
  };
}

function isPermittedTarget(protocol: string, hostname: string, allow: AllowList): boolean {
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const literal = parseAddress(hostname);
  // A name is judged by guardLookup, after its resolution.
  return !literal || allowsHost(allow, hostname) || allowsAddress(allow, literal);
}

/** A `lookup` for net.connect, which connects to what it calls back with and to nothing else. */
function guardLookup(lookup: Lookup, allow: AllowList): LookupFunction {
  const resolve = callbackify(resolvePermitted);
  return (hostname, { all }, callback) => {
    resolve(hostname, lookup, allow, (error, answers) => {
      if (error) callback(error, []);
      else if (all) callback(null, answers);
      else callback(null, answers[0].address, answers[0].family);
    });
  };
}

async function resolvePermitted(
  hostname: string,
  lookup: Lookup,
  allow: AllowList,
): Promise<[ResolvedAddress, ...ResolvedAddress[]]> {
  const [first, ...others] = await lookup(hostname);
  if (!first) throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
  const answers: [ResolvedAddress, ...ResolvedAddress[]] = [first, ...others];
  if (allowsHost(allow, hostname)) return answers;
  if (answers.every(({ address }) => isPermittedAnswer(address, allow))) return answers;
  throw blocked(hostname);
}

function isPermittedAnswer(answer: string, allow: AllowList): boolean {
  const address = parseAddress(answer);
  return address !== undefined && allowsAddress(allow, address);
}

/** The system's resolver, asked anew each time. */
export async function systemLookup(hostname: string): Promise<ResolvedAddress[]> {
  const answers = await askSystem(hostname, { all: true });
  return answers.map(({ address }) => ({ address, family: isIP(address) === 6 ? 6 : 4 }));
}

function blocked(hostname: string): SluiceError {
  return new SluiceError(
    'blocked_address',
    `${hostname} is, or resolves to, a private or reserved address`,
  );
}
