import { isIP } from 'node:net';

/**
 * Whether an entry of `allowPrivateHosts` is a host name, an IP address or a CIDR; packages/runtime says what each one
 * allows. Wildcards and short forms such as `10/8` are none of these.
 */
export function isPrivateHost(entry: string): boolean {
  const [network = '', bits, ...rest] = entry.split('/');
  const version = isIP(network.replace(/^\[(.*)\]$/, '$1'));
  if (rest.length > 0) return false;
  if (bits !== undefined) return /^\d{1,3}$/.test(bits) && Number(bits) <= maxBits(version);
  return version !== 0 || (/^[\p{L}\p{N}._-]+$/u.test(entry) && !/^[\d.]+$/.test(entry));
}

function maxBits(version: number): number {
  if (version === 4) return 32;
  return version === 6 ? 128 : -1;
}
