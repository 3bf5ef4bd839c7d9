import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import * as fc from 'fast-check';
import { countTokens as countOlder } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as countExactly } from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, it } from 'vitest';

import { countTokens, createTokenCounter, splitText } from './count-tokens.ts';
import { loadTokenizer } from './tokenizers.ts';

/** Letters without any order that a vocabulary could know, the same in each run. */
function randomLetters(length: number): string {
  let state = 42;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(97 + (Math.floor(state / 65_536) % 26));
  }).join('');
}

/** What this thread has worked so far: time in which others had the processor is not its own. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe('splitText', () => {
  it('loses nothing, makes no long piece and never cuts a character in two', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', ' ', '😀', 'é', '\n'),
      maxLength: 4_000,
      size: 'max',
    });
    fc.assert(
      fc.property(texts, (text) => {
        const pieces = [...splitText(text)];
        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(1_000);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('goes on over halves of characters that were broken before', () => {
    const broken = '\ud83d'.repeat(2_500);
    expect([...splitText(broken)].join('')).toBe(broken);
  });
});

describe('countTokens', () => {
  beforeAll(async () => {
    await loadTokenizer('o200k_base');
    await loadTokenizer('cl100k_base');
  });

  it.each([
    ['prose', 'The quick brown fox jumps over the lazy dog. '.repeat(400)],
    ['program text', readFileSync(new URL('count-tokens.ts', import.meta.url), 'utf8')],
  ])('counts %s exactly', async (_kind, text) => {
    expect(await countTokens(text)).toBe(countExactly(text));
  });

  it.each([
    ['Chinese', '我们使用队列来处理语言模型的请求，并且在完成之后发送通知。'.repeat(100)],
    ['digits', Array.from({ length: 1_000 }, (_, index) => String(index * 7_919)).join('')],
    [
      'base64',
      Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 31_337) % 251)).toString('base64'),
    ],
  ])('counts %s, which has no spaces, within 1 %%', async (_kind, text) => {
    const exact = countExactly(text);
    const counted = await countTokens(text);
    expect(Math.abs(counted - exact) / exact).toBeLessThan(0.01);
  });

  it('counts 200,000 letters without a break in less than a second', async () => {
    await countTokens('warm');
    const startedAt = performance.now();
    expect(await countTokens('a'.repeat(200_000))).toBe(25_000);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it.each([
    ['one letter', 'a'.repeat(1_000_000)],
    ['a mark', '!'.repeat(1_000_000)],
    ['random letters', randomLetters(100_000)],
  ])('never holds the event loop for long over %s', async (_kind, text) => {
    await countTokens('warm');
    let longestMs = 0;
    const isDone = countTokens(text).then(() => true);
    for (let done = false; !done;) {
      const sinceMs = processorMs();
      done = await Promise.race([isDone, nextTurn(false)]);
      longestMs = Math.max(longestMs, processorMs() - sinceMs);
    }
    expect(longestMs).toBeGreaterThan(0);
    expect(longestMs).toBeLessThan(50);
  });

  it('gives very many short texts their turns too', async () => {
    const counter = createTokenCounter();
    let turns = 0;
    const counts = (async () => {
      for (let i = 0; i < 2_000; i += 1) await counter.count('a b');
      turns = -turns;
    })();
    while (turns >= 0) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await counts;
    expect(turns).toBeLessThan(-5);
  });

  it('counts with the older vocabulary too', async () => {
    const text = 'Žluťoučký kůň úpěl ďábelské ódy';
    expect(await countTokens(text, { encoding: 'cl100k_base' })).toBe(countOlder(text));
    expect(countOlder(text)).not.toBe(countExactly(text));
  });

  it('takes what looks like a special token as text', async () => {
    expect(await countTokens('<|endoftext|>')).toBeGreaterThan(1);
  });

  it('lets other work run meanwhile, and stops when told to', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const counting = countTokens('word '.repeat(400_000), { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(counting).rejects.toBe(reason);
  });

  it('counts nothing for no text', async () => {
    expect(await countTokens('')).toBe(0);
  });
});
