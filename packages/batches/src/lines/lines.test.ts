import { childJobId, SluiceError, type JobRecord } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { batch, completed } from '../fixtures.ts';
import { childRequest } from '../child-requests.ts';
import { customIdIn, parseLine } from './parse-line.ts';
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

const apps = { isApp: (name: string) => name === 'flow', asksQuestion: () => false };

function parsed(line: unknown) {
  const bytes = Buffer.from(typeof line === 'string' ? line : JSON.stringify(line));
  const options = { endpoint: '/v1/chat/completions', apps, maxLineBytes: 1_000 } as const;
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

const messages = [{ role: 'user', content: 'Hi' }];
const line = (url: string, body: object) => ({ custom_id: 'a', method: 'POST', url, body });

describe('parseLine', () => {
  it('reads the requests of every endpoint as jobs', () => {
    const request = (url: string, body: object) => parsed(line(url, body)).request;
    expect(
      request('/v1/chat/completions', { model: 'm', messages, user: 'u', seed: null }),
    ).toEqual({
      type: 'chat',
      model: 'm',
      input: { messages },
    });
    expect(request('/v1/chat/completions', { model: 'flow', messages })).toEqual({
      type: 'workflow',
      app: 'flow',
      input: { inputs: { query: 'Hi' } },
    });
    expect(request('/v1/embeddings', { model: 'm', input: ['x'], dimensions: 3 })).toEqual({
      type: 'embedding',
      model: 'm',
      input: { input: ['x'], dimensions: 3 },
    });
    expect(request('/v1/workflows/run', { app: 'flow', inputs: { a: 1 }, user: 'u' })).toEqual({
      type: 'workflow',
      app: 'flow',
      input: { inputs: { a: 1 }, user: 'u' },
    });
    expect(
      request('/v1/responses', {
        model: 'm',
        instructions: 'Be short.',
        input: [
          { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: '1' },
        ],
        max_output_tokens: 9,
        text: { format: { type: 'json_schema', name: 's', schema: {}, strict: true } },
        tools: [{ type: 'function', name: 'f', parameters: {}, strict: null }],
        tool_choice: { type: 'function', name: 'f' },
      }),
    ).toEqual({
      type: 'chat',
      model: 'm',
      input: {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c', content: '1' },
        ],
        max_completion_tokens: 9,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 's', schema: {}, strict: true },
        },
        tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
        tool_choice: { type: 'function', function: { name: 'f' } },
      },
    });
  });

  it('names the place of what is wrong, as it stands in the line', () => {
    const url = '/v1/chat/completions';
    expect(refusal('{')).toEqual(['invalid_json', undefined]);
    expect(refusal({ method: 'POST', body: {} })[1]).toBe('custom_id');
    expect(refusal(line('/v1/moderations', {}))[1]).toBe('url');
    expect(refusal(line(url, { model: 'm' }))[1]).toBe('body.messages');
    expect(refusal(line(url, { model: 'm', messages, n: 2 }))[1]).toBe('body.n');
    expect(refusal(line(url, { model: 'm', messages, colour: 1 }))[1]).toBe('body.colour');
    expect(refusal(line('/v1/workflows/run', { inputs: {} }))[1]).toBe('body.app');
    expect(refusal(`{"custom_id":"a","body":${'['.repeat(100)}`)[0]).toBe('invalid_request');
    expect(customIdIn(Buffer.from('{"custom_id":"x","body":1}'))).toBe('x');
    expect(customIdIn(Buffer.from('{"custom_id":'))).toBeUndefined();
  });
});

describe('resultLine', () => {
  const place = { index: 4, customId: 'a', createdAtMs: 1_000 };
  const jobOf = (more: Partial<JobRecord>, endpoint = '/v1/chat/completions' as const) => {
    const { request } = parsed(line(endpoint, { model: 'm', messages }));
    const child = childRequest(batch, request, { ...place, endpoint }, () => ({ lane: 'l' }));
    return completed(child, more);
  };
  const read = (text: string) => JSON.parse(text) as Record<string, unknown>;

  it('has the reply of the endpoint, with the id of the job and of the client', () => {
    const { file, text } = resultLine(jobOf({}));
    expect(file).toBe('output');
    expect(text.endsWith('\n')).toBe(true);
    expect(read(text)).toMatchObject({
      custom_id: 'a',
      error: null,
      response: {
        status_code: 200,
        request_id: childJobId(batch.jobId, 4),
        body: {
          object: 'chat.completion',
          model: 'm',
          choices: [{ index: 0, message: { content: 'reply 4' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        },
      },
    });
  });

  it('is of the error file where the job has failed, in OpenAI’s words where it ran out of time', () => {
    const error = new SluiceError('upstream_error', 'broken').toJSON();
    const failed = resultLine(jobOf({ state: 'failed', error }));
    expect([failed.file, read(failed.text)]).toMatchObject([
      'error',
      { custom_id: 'a', response: null, error: { code: 'upstream_error', message: 'broken' } },
    ]);
    const late = lostLine('batch_x_1', 'b', { code: 'expired', message: 'late' });
    expect(read(late.text)).toMatchObject({ custom_id: 'b', error: { code: 'batch_expired' } });
  });
});
