import { expect, test } from 'vitest';

import { imageTokens } from './image-tokens.ts';

/** The head of a PNG, which says its size. */
function png(width: number, height: number): string {
  const bytes = Buffer.alloc(33);
  bytes.write('\x89PNG\r\n\x1a\n', 0, 'latin1');
  bytes.writeUInt32BE(13, 8);
  bytes.write('IHDR', 12, 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return `data:image/png;base64,${bytes.toString('base64')}`;
}

test.each([
  ['openai', 512, 512, 255],
  ['openai', 1_024, 1_024, 765],
  ['openai', 2_048, 4_096, 1_105],
  ['anthropic', 200, 200, 54],
  ['anthropic', 1_092, 1_092, 1_590],
  ['anthropic', 4_000, 4_000, 1_600],
  ['gemini', 384, 384, 258],
  ['gemini', 1_000, 700, 516],
] as const)('%s counts a picture of %d x %d as %d tokens', (vendor, width, height, tokens) => {
  expect(imageTokens(png(width, height), 'auto', vendor)).toBe(tokens);
});

test('OpenAI counts a picture in low detail the same whatever its size', () => {
  expect(imageTokens(png(4_000, 4_000), 'low', 'openai')).toBe(85);
});

test.each([
  ['behind a URL', 'https://example.com/a.png'],
  ['that is none', 'data:image/png;base64,AAAA'],
  ['without data', 'data:image/png,'],
])('a picture %s is taken for a middling one', (_what, url) => {
  expect(imageTokens(url, 'auto', 'openai')).toBe(1_000);
});
