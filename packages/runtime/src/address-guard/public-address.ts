import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** RFC 4291: every global unicast address that was ever assigned begins with 001. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** RFC 6052: how a network without IPv4 writes an IPv4 address; its last four bytes are that address. */
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * Addresses in public ranges that answer from inside a cloud. Azure's platform address serves a machine's certificates
 * and settings; those of the other clouds lie in ranges that are refused anyway (169.254.0.0/16, 100.64.0.0/10,
 * 192.0.0.0/24, fd00::/8).
 * @see https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const platformAddresses: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * The address that `text` (a canonical IP, no brackets) stands for, or `undefined` when it is no IP address.
 * An IPv4-mapped one (`::ffff:10.0.0.1`) is the IPv4 address inside: the kernel connects to that.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIP(text) === 0) return undefined;
  return ipaddr.process(text);
}

/**
 * Whether anybody on the internet could reach this address, by the registries of special-purpose addresses. What is not
 * known to be public is private: for IPv6 only 2000::/3 counts, which leaves out IPv4-compatible (::/96) and every
 * range yet to be assigned. 6to4 and Teredo are refused whole, because both carry an IPv4 address and neither is in use.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export function isPublicAddress(address: Address): boolean {
  if (address instanceof ipaddr.IPv4) {
    return address.range() === 'unicast' && !platformAddresses.has(address.toString());
  }
  if (address.match(nat64))
    return isPublicAddress(new ipaddr.IPv4(address.toByteArray().slice(-4)));
  return address.match(globalUnicast) && address.range() === 'unicast';
}
