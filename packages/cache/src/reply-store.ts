import type { KeepAs } from '@sluice/contracts';
import type { LuaArgument, Seals } from '@sluice/runtime';

import type { CacheDeps } from './cache-deps.ts';
import type { CacheEntry, CachePlace, Lookup } from './cached-reply.ts';
import { keysOfScope, sharedScope } from './keys.ts';

/** Largest reply, in bytes of JSON. */
export const maxEntryBytes = 1024 * 1024;

/** The keys that look-up.lua and put-reply.lua take, in their order. */
export function replyKeys(root: string, { scope, group, digest }: CachePlace): string[] {
  const keys = keysOfScope(root, scope);
  return [keys.reply(digest), keys.invalid, keys.used(group)];
}

/** What look-up.lua has returned, behind the time: a reply that cannot be read is none. */
export async function toLookup(
  { seals }: Pick<CacheDeps, 'seals'>,
  place: CachePlace,
  [nowMs, value, storedAt, freshUntil]: [number, string?, string?, string?],
): Promise<Lookup> {
  const entry = value === undefined ? undefined : await open(seals, place, value);
  if (!entry) return { nowMs };
  const staleForMs = nowMs - Number(freshUntil);
  const ageMs = Math.max(0, nowMs - Number(storedAt));
  return { nowMs, found: { entry, ageMs, isFresh: staleForMs < 0, staleForMs } };
}

/** The arguments that put-reply.lua takes. `erased`: the tenant is, so nobody will ask for the reply. */
export async function replyArguments(
  { root, seals }: Pick<CacheDeps, 'root' | 'seals'>,
  as: KeepAs,
  entry: CacheEntry,
): Promise<LuaArgument[] | 'too_large' | 'erased'> {
  const text = JSON.stringify(entry);
  if (Buffer.byteLength(text) > maxEntryBytes) return 'too_large';
  const stored = seals ? (await seals.of(sealOwner(as)))?.seal(text, about(as)) : text;
  if (stored === undefined) return 'erased';
  const freshMs = Math.max(1, Math.round(as.ttlMs));
  return [
    as.digest,
    stored,
    as.askedAtMs,
    freshMs,
    freshMs + Math.round(as.staleMs),
    as.maxEntries,
    keysOfScope(root, as.scope).reply(''),
    as.names.join('\n'),
  ];
}

/** Only this package writes replies and the key names their version, so one that parses has the right shape. */
async function open(
  seals: Seals | undefined,
  place: CachePlace,
  value: string,
): Promise<CacheEntry | undefined> {
  const seal = seals && (await seals.of(sealOwner(place), value));
  if (seals && !seal) return undefined;
  try {
    return JSON.parse(seal ? seal.open(value, about(place)) : value) as CacheEntry;
  } catch {
    return undefined;
  }
}

/** What all tenants share belongs to none of them: it is sealed with the key of the operator's own tenant. */
function sealOwner({ scope }: CachePlace): string {
  return scope === sharedScope ? 'default' : scope;
}

function about({ scope, digest }: CachePlace): string {
  return `cache/${scope}/${digest}`;
}
