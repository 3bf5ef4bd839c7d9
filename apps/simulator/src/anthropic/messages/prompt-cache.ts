import { createHash } from 'node:crypto';
import type { CacheTtl } from './content-block.ts';
import type { Prompt } from './prompt.ts';

const TTL_MS: Readonly<Record<CacheTtl, number>> = { '5m': 300_000, '1h': 3_600_000 };
/** How many segments before a mark are looked up, as at the vendor. */
const LOOK_BACK = 20;
const MAX_ENTRIES = 10_000;

/** The start of a prompt to be cached. */
type Prefix = { id: string; ttl: CacheTtl };

/** How many input tokens of a call are new, read from the cache, and written to it. */
export type InputUse = {
  freshTokens: number;
  readTokens: number;
  writtenTokens: Record<CacheTtl, number>;
  /** To be stored once the call is answered. */
  prefixes: Prefix[];
};

/**
 * What the prompts of all keys left behind. A prefix is found by the hash of everything before its
 * end, up to 20 segments before a mark. Unlike at the vendor a prefix may be short.
 * @see https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export class PromptCache {
  readonly #entries = new Map<string, { ttl: CacheTtl; expiresAt: number }>();

  /** Looks a prompt up in the cache of a scope; `now` in monotonic ms. */
  look(prompt: Prompt, scope: string, now: number): InputUse {
    const use: InputUse = {
      freshTokens: prompt.tokens,
      readTokens: 0,
      writtenTokens: { '5m': 0, '1h': 0 },
      prefixes: [],
    };
    const marks = listMarks(prompt);
    if (marks.length === 0) return use;
    const ids = hashPrefixes(prompt, scope, marks.at(-1) ?? 0);
    const hit = this.#findLongest(ids, marks, now);
    use.readTokens = prompt.totals[hit] ?? 0;
    const known = this.#entries.get(ids[hit] ?? '');
    if (known !== undefined) use.prefixes.push({ id: ids[hit] ?? '', ttl: known.ttl });
    let cachedTokens = use.readTokens;
    for (const mark of marks) {
      const ttl = prompt.segments[mark]?.cacheTtl ?? '5m';
      use.prefixes.push({ id: ids[mark] ?? '', ttl });
      const total = prompt.totals[mark] ?? 0;
      use.writtenTokens[ttl] += Math.max(0, total - cachedTokens);
      cachedTokens = Math.max(cachedTokens, total);
    }
    use.freshTokens = prompt.tokens - cachedTokens;
    return use;
  }

  /** Stores what a call marked, and keeps what it read for as long again. */
  store({ prefixes }: InputUse, now: number): void {
    for (const { id, ttl } of prefixes) {
      this.#entries.delete(id);
      this.#entries.set(id, { ttl, expiresAt: now + TTL_MS[ttl] });
    }
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) return;
      this.#entries.delete(id);
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Index of the last segment of the longest live prefix; -1 = none. */
  #findLongest(ids: string[], marks: number[], now: number): number {
    return ids.findLastIndex((id, index) => {
      const isNear = marks.some((mark) => index <= mark && mark - index <= LOOK_BACK);
      return isNear && (this.#entries.get(id)?.expiresAt ?? 0) > now;
    });
  }
}

function listMarks({ segments }: Prompt): number[] {
  return segments.flatMap(({ cacheTtl }, index) => (cacheTtl === undefined ? [] : index));
}

function hashPrefixes({ segments }: Prompt, scope: string, last: number): string[] {
  const hash = createHash('sha256').update(scope);
  return segments.slice(0, last + 1).map(({ raw }) => {
    hash.update(JSON.stringify(raw, withoutMarks)).update('\n');
    return hash.copy().digest('base64');
  });
}

function withoutMarks(key: string, value: unknown): unknown {
  return key === 'cache_control' ? undefined : value;
}
