import type { KeepAs } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';

import { namesOf } from '../cache.ts';
import type { CacheEntry } from '../cached-reply.ts';

/** A chat's reply of this text. */
export function asEntry(content: string): CacheEntry {
  return {
    result: {
      type: 'chat',
      message: { role: 'assistant', content },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
    costUsd: '0.000001',
    provider: 'openai',
    model: 'gpt-5.4-nano',
  };
}

/** Where and how it is kept: for a minute, among three at most, asked for after anything that is invalidated meanwhile. */
export function asKept(digest: string, change: Partial<KeepAs> = {}): KeepAs {
  return {
    scope: 'acme',
    group: 'fast',
    digest,
    askedAtMs: systemClock.now() + 60_000,
    ttlMs: 60_000,
    staleMs: 0,
    names: namesOf('chat', 'fast', ['docs']),
    maxEntries: 3,
    ...change,
  };
}
