import { childJobId, SluiceError, type JobRecord } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { batch, completed } from '../fixtures.ts';
import { childRequest } from '../child-requests.ts';
import type { LineFormat, LineFormats } from './line-format.ts';
import { customIdIn, inLineTerms, parseLine } from './parse-line.ts';
import { readLines, type Line } from './read-lines.ts';
import { lostLine, resultLine } from './result-line.ts';
import { SeenIds } from './seen-ids.ts';

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all(text: string, sizes: number[], options = { maxBytes: 1_000 }): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(cut(Buffer.from(text), sizes), options)) lines.push(line);
  return lines;
}

describe('readLines', () => {
  it('gives the lines that a split gives, their numbers and their ends, however the file is cut', async () => {
    const piece = fc.constantFrom('a', 'é', ' ', '\t', '\r', '\n', '{"x":1}', '🙂');
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        async (text, sizes) => {
          const lines = await all(text, sizes);
          const expected = text.split('\n').flatMap((line, i) => {
            const trimmed = line.replaceAll(/^[ \t\r]+|[ \t\r]+$/g, '');
            return trimmed === '' ? [] : [[i + 1, trimmed]];
          });
          expect(lines.map(({ number, bytes }) => [number, bytes.toString()])).toEqual(expected);
          // Whoever begins behind a line reads the next ones.
          const bytes = Buffer.from(text);
          for (const [i, { end }] of lines.entries()) {
            const rest = await all(bytes.subarray(end).toString(), sizes);
            expect(rest.map((line) => line.bytes.toString())).toEqual(
              lines.slice(i + 1).map((line) => line.bytes.toString()),
            );
          }
        },
      ),
    );
  });

  it('keeps of a line that is too long only its beginning, and goes on behind it', async () => {
    const lines = await all(`${'x'.repeat(5_000)}\nshort\n${'y'.repeat(11)}`, [100], {
      maxBytes: 10,
    });
    expect(lines.map(({ bytes, isTooLong, end }) => [bytes.length, isTooLong, end])).toEqual([
      [10, true, 5_001],
      [5, false, 5_007],
      [10, true, 5_018],
    ]);
  });
});

describe('SeenIds', () => {
  it('knows the line of every id, and of no other, while it grows', () => {
    const seen = new SeenIds();
    for (let line = 1; line <= 20_000; line += 1) {
      expect(seen.add(`id-${line}`, line)).toBeUndefined();
    }
    for (const line of [1, 511, 20_000]) expect(seen.add(`id-${line}`, 7)).toBe(line);
  });
});

/** A format of a test: a chat whose one message is `text`, answered with what was said. */
const format: LineFormat = {
  toRequest({ model, text, ...others }) {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      throw new SluiceError('invalid_request', `${unknown}: unknown`, { param: unknown });
    }
    const input = { messages: [{ role: 'user' as const, content: String(text) }] };
    const fields = [['input.messages', 'text']] as const;
    return { request: { type: 'chat', model: String(model), input }, fields };
  },
  toReply: ({ model, result }) => ({ model, said: result?.type === 'chat' && result.message }),
};
const formats: LineFormats = {
  '/v1/chat/completions': format,
  '/v1/embeddings': format,
  '/v1/responses': format,
  '/v1/workflows/run': format,
};

function parsed(line: unknown) {
  const bytes = Buffer.from(typeof line === 'string' ? line : JSON.stringify(line));
  const options = { endpoint: '/v1/chat/completions', formats, maxLineBytes: 1_000 } as const;
  return parseLine({ bytes, isTooLong: false }, options);
}

function refusal(line: unknown): [string, string | undefined] {
  try {
    parsed(line);
  } catch (error) {
    if (error instanceof SluiceError) return [error.code, error.param];
    throw error;
  }
  throw new Error('the line is right');
}

const line = (url: string, body: object) => ({ custom_id: 'a', method: 'POST', url, body });
const body = { model: 'm', text: 'Hi' };

describe('parseLine', () => {
  it('reads a line as its endpoint has it, of a line without one as that of the batch', () => {
    const request = {
      type: 'chat',
      model: 'm',
      input: { messages: [{ role: 'user', content: 'Hi' }] },
    };
    expect(parsed(line('/v1/responses', body))).toMatchObject({
      customId: 'a',
      endpoint: '/v1/responses',
      request,
    });
    expect(parsed({ custom_id: 'b', body })).toMatchObject({
      customId: 'b',
      endpoint: '/v1/chat/completions',
      request,
    });
  });

  it('names the place of what is wrong, as it stands in the line', () => {
    expect(refusal('{')).toEqual(['invalid_json', undefined]);
    expect(refusal({ method: 'POST', body: {} })[1]).toBe('custom_id');
    expect(refusal(line('/v1/moderations', {}))[1]).toBe('url');
    expect(refusal(line('/v1/responses', { ...body, colour: 1 }))[1]).toBe('body.colour');
    expect(refusal(`{"custom_id":"a","body":${'['.repeat(100)}`)[0]).toBe('invalid_request');
    const error = new SluiceError('invalid_request', 'input.messages[0]: is bad', {
      param: 'input.messages[0]',
    });
    expect(inLineTerms(error, parsed(line('/v1/responses', body)))).toMatchObject({
      message: 'text[0]: is bad',
      param: 'body.text[0]',
    });
    expect(customIdIn(Buffer.from('{"custom_id":"x","body":1}'))).toBe('x');
    expect(customIdIn(Buffer.from('{"custom_id":'))).toBeUndefined();
  });
});

describe('resultLine', () => {
  const place = { index: 4, customId: 'a', createdAtMs: 1_000 };
  const jobOf = (more: Partial<JobRecord>, endpoint = '/v1/chat/completions' as const) => {
    const { request } = parsed(line(endpoint, body));
    const child = childRequest(batch, request, { ...place, endpoint }, () => ({ lane: 'l' }));
    return completed(child, more);
  };
  const read = (text: string) => JSON.parse(text) as Record<string, unknown>;

  it('has the reply of the endpoint, with the id of the job and of the client', () => {
    const { file, text } = resultLine(jobOf({}), formats);
    expect(file).toBe('output');
    expect(text.endsWith('\n')).toBe(true);
    expect(read(text)).toMatchObject({
      custom_id: 'a',
      error: null,
      response: {
        status_code: 200,
        request_id: childJobId(batch.jobId, 4),
        body: { model: 'm', said: { role: 'assistant', content: 'reply 4' } },
      },
    });
  });

  it('is of the error file where the job has failed, in OpenAI’s words where it ran out of time', () => {
    const error = new SluiceError('upstream_error', 'broken').toJSON();
    const failed = resultLine(jobOf({ state: 'failed', error }), formats);
    expect([failed.file, read(failed.text)]).toMatchObject([
      'error',
      { custom_id: 'a', response: null, error: { code: 'upstream_error', message: 'broken' } },
    ]);
    const late = lostLine('batch_x_1', 'b', { code: 'expired', message: 'late' });
    expect(read(late.text)).toMatchObject({ custom_id: 'b', error: { code: 'batch_expired' } });
  });
});
