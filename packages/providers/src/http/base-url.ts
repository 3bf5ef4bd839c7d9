import type { Provider } from '@sluice/config';

const bases = new WeakMap<Provider, URL>();

/** The base URL of a provider; not to be changed, for it is parsed once. */
export function baseUrlOf(provider: Provider): Readonly<URL> {
  const known = bases.get(provider);
  if (known) return known;
  const url = new URL(provider.baseUrl);
  bases.set(provider, url);
  return url;
}
