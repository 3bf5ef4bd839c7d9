import { setImmediate as nextTurn } from 'node:timers/promises';

import { countTokens as countOlder } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as countExactly } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';

import { countOnThread } from './count-on-thread.ts';

describe('countOnThread', () => {
  it('counts as here, and holds nothing up while its tables load', async () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(400);
    const done = new AbortController();
    // Not raced in each turn: what a hundred thousand races leave behind takes the last one 50 ms.
    const counted = countOnThread(text, 'o200k_base').finally(() => done.abort());
    let longestMs = 0;
    while (!done.signal.aborted) {
      const { user: sinceMicroseconds } = process.threadCpuUsage();
      await nextTurn();
      longestMs = Math.max(longestMs, (process.threadCpuUsage().user - sinceMicroseconds) / 1_000);
    }
    expect(await counted).toBe(countExactly(text));
    expect(longestMs).toBeLessThan(50);
  });

  it('answers each question with its own count', async () => {
    const asked = [
      countOnThread('one', 'o200k_base'),
      countOnThread('one two three', 'cl100k_base'),
      countOnThread('', 'o200k_base'),
    ];
    expect(await Promise.all(asked)).toEqual([countExactly('one'), countOlder('one two three'), 0]);
  });

  it('waits no longer than its signal says', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const counting = countOnThread('a '.repeat(100_000), 'o200k_base', abort.signal);
    abort.abort(reason);
    await expect(counting).rejects.toBe(reason);
    await expect(countOnThread('one', 'o200k_base', abort.signal)).rejects.toBe(reason);
    expect(await countOnThread('one', 'o200k_base')).toBe(1);
  });
});
