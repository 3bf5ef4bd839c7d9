import { maxRawBytes, type RawReply } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { TextReader } from './body-reader.ts';
import { keepRaw } from './keep-raw.ts';

async function rawOf(pieces: string[], contentType?: string): Promise<RawReply[]> {
  const told: RawReply[] = [];
  const reader = keepRaw(new TextReader(16 * 2 ** 20), {
    head: {
      status: 200,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
    },
    target: targetOf('openai', 'http://h', { apiKey: 'the-secret-key' }),
    onRaw: (raw) => told.push(raw),
  });
  for (const piece of pieces) await reader.write(Buffer.from(piece));
  expect(told).toEqual([]);
  await reader.end();
  return told;
}

it('a document is its value, a stream its text, and what only claims to be JSON its text', async () => {
  expect(await rawOf(['\n\n{"a":', '[1]}'])).toEqual([
    { content_type: 'application/json', body: { a: [1] } },
  ]);
  expect(await rawOf(['data: {}\n\n'], 'text/event-stream')).toEqual([
    { content_type: 'text/event-stream', body: 'data: {}\n\n' },
  ]);
  expect(await rawOf(['oops'], 'application/json; charset=utf-8')).toEqual([
    { content_type: 'application/json; charset=utf-8', body: 'oops' },
  ]);
});

it('the key of the call is taken out, and nothing that only looks like one', async () => {
  const [raw] = await rawOf(['{"you":"the-secret-key","model":"sk-0123456789-of-a-story"}']);
  expect(raw?.body).toEqual({ you: '[redacted]', model: 'sk-0123456789-of-a-story' });
});

it('a long reply is kept from its beginning', async () => {
  const [raw] = await rawOf(['x'.repeat(maxRawBytes), 'yz']);
  expect(raw).toMatchObject({ truncated: true, body: 'x'.repeat(maxRawBytes) });
});
