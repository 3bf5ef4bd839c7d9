import { SluiceError } from '@sluice/contracts';
import { cleanApiKey, type Target } from '@sluice/config';

/** `Authorization: Bearer <key>`, or nothing without a key. Throws `upstream_auth` for a key that no header can carry. */
export function bearerHeader(target: Target): Record<string, string> {
  return keyHeader(target, 'authorization', 'Bearer ');
}

/** The key in a header of the vendor's own, as `x-api-key`; otherwise as {@link bearerHeader}. */
export function keyHeader(target: Target, name: string, prefix = ''): Record<string, string> {
  const key = cleanApiKey(target.apiKey);
  if (key === undefined) return {};
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const message = `the API key of ${target.provider.name} has characters that no API key has`;
    throw new SluiceError('upstream_auth', message);
  }
  return { [name]: `${prefix}${key}` };
}
