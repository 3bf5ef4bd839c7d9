import { expect, it } from 'vitest';

import { LineChunkReader } from './line-chunk-reader.ts';

const collect = () => {
  const chunks: string[][] = [];
  const reader = new LineChunkReader(async (lines) => void chunks.push(lines));
  return { chunks, reader };
};

it('lines come whole, whatever the bytes are split at, and without blank ones', async () => {
  const { chunks, reader } = collect();
  const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}\r\n{"c":3}');
  for (const byte of bytes) void reader.write(Buffer.from([byte]));
  await reader.end();
  expect(chunks.flat().map((line) => line.trim())).toEqual(['{"a":"é"}', '{"b":2}', '{"c":3}']);
});

it('are handed over as soon as there is a mebibyte of them, and at the end', async () => {
  const { chunks, reader } = collect();
  const line = `${'x'.repeat(600_000)}\n`;
  expect(reader.write(Buffer.from(line))).toBe('progress');
  await reader.write(Buffer.from(line + line));
  expect(chunks.map(({ length }) => length)).toEqual([3]);
  await reader.write(Buffer.from('last'));
  await reader.end();
  expect(chunks).toHaveLength(2);
  expect(chunks[1]).toEqual(['last']);
});

it('nobody is told of none', async () => {
  const { chunks, reader } = collect();
  await reader.end();
  expect(chunks).toEqual([]);
});
