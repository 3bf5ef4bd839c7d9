import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { countTokens as countExactly } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';

import { countTokens, splitText } from './count-tokens.ts';

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
