import { domainToASCII } from 'node:url';

import { SluiceError } from '@sluice/contracts';
import ipaddr from 'ipaddr.js';

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
    const address = parseAddress(unbracket(entry));
    if (address) ranges.push([address, address.kind() === 'ipv4' ? 32 : 128]);
    else if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry));
    else hosts.add(hostName(entry));
  }
  return { hosts, ranges };
}

/** Whether `host` (a name or an IP literal, with or without brackets) is allowed by name. */
export function allowsHost(allow: AllowList, host: string): boolean {
  return allow.hosts.has(normalise(host));
}

/** Whether a connection to this address may be made: it is public, or the list names it. */
export function allowsAddress(allow: AllowList, address: Address): boolean {
  return isPublicAddress(address) || allow.ranges.some((range) => contains(range, address));
}

function contains([network, bits]: readonly [Address, number], address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function hostName(entry: string): string {
  const name = normalise(entry);
  const looksLikeName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
  if (looksLikeName.test(name)) return name;
  throw new SluiceError(
    'invalid_request',
    `allowPrivateHosts: "${entry}" is neither a host name nor an IP address nor a CIDR such as 10.0.0.0/8`,
    { param: 'allowPrivateHosts' },
  );
}

/** The form in which URLs carry a host name: punycode, lower case; and without the dot of the DNS root. */
function normalise(host: string): string {
  const name = unbracket(host.trim()).replace(/\.$/, '');
  return domainToASCII(name) || name.toLowerCase();
}

/** `[::1]` of a URL as `::1`. */
export function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
