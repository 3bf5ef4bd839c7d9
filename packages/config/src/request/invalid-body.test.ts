import { describe, expect, it } from 'vitest';

import { submitJob } from '@sluice/contracts';

import { invalidBody } from './invalid-body.ts';

function refusal(body: unknown) {
  const parsed = submitJob.safeParse(body);
  if (parsed.success) throw new Error('the body is valid');
  return invalidBody(parsed.error.issues, body, submitJob);
}

const message = { role: 'user', content: 'hi' };
const chat = (input: object, more: object = {}) => ({ type: 'chat', model: 'm', input, ...more });
const embed = (input: object) => ({ type: 'embedding', model: 'm', input });
const ask = (more: object) => chat({ messages: [message], ...more });

describe('invalidBody', () => {
  it.each([
    [[], undefined, 'the body: must be an object; got an array'],
    [
      {},
      'type',
      'type: must be one of chat, embedding, rerank, transcription, workflow, batch; it is missing',
    ],
    [
      { type: 'chatt' },
      'type',
      'type: must be one of chat, embedding, rerank, transcription, workflow, batch; got "chatt"',
    ],
    [
      { type: 'chat', input: { messages: [message] } },
      'model',
      'model: must be a string; it is missing',
    ],
    [
      chat({ messages: [{ role: 'usr', content: 'hi' }] }),
      'input.messages[0].role',
      'input.messages[0].role: must be one of system, developer, user, assistant, tool; got "usr"',
    ],
    [
      chat({ messages: [{ role: 'user', content: 5 }] }),
      'input.messages[0].content',
      'input.messages[0].content: must be a string or an array; got 5',
    ],
    [
      chat({ messages: [{ role: 'user', content: [{ type: 'text', text: 7 }] }] }),
      'input.messages[0].content[0].text',
      'input.messages[0].content[0].text: must be a string; got 7',
    ],
    [
      chat({ messages: [{ role: 'user', content: [{ type: 'txt' }] }] }),
      'input.messages[0].content[0].type',
      'input.messages[0].content[0].type: must be one of text, image_url, input_audio, file; got "txt"',
    ],
    [
      chat({ messages: [] }),
      'input.messages',
      'input.messages: must have at least 1 entry; got an array',
    ],
    [ask({ temperature: 3 }), 'input.temperature', 'input.temperature: must be at most 2; got 3'],
    [
      ask({ max_tokens: 1.5 }),
      'input.max_tokens',
      'input.max_tokens: must be a whole number; got 1.5',
    ],
    [
      ask({ temprature: 1 }),
      'input.temprature',
      'input.temprature: unknown field; did you mean "temperature"?',
    ],
    [
      chat({ messages: [{ ...message, nane: 'x' }] }),
      'input.messages[0].nane',
      'input.messages[0].nane: unknown field; did you mean "name"?',
    ],
    [
      chat({ messages: [{ ...message, tool_call_id: 'x' }] }),
      'input.messages[0].tool_call_id',
      'input.messages[0].tool_call_id: unknown field; known: role, content, name',
    ],
    [
      ask({ tool_choice: 5 }),
      'input.tool_choice',
      'input.tool_choice: must be one of none, auto, required or an object; got 5',
    ],
    [
      embed({}),
      'input.input',
      'input.input: must be a string, an array of strings, or an array or arrays of tokens; it is missing',
    ],
    [embed({ input: '' }), 'input.input', 'input.input: must not be empty; got ""'],
    [embed({ input: [] }), 'input.input', 'input.input: must have at least 1 entry; got an array'],
    [
      embed({ input: ['a', 7] }),
      'input.input[1]',
      'input.input[1]: must be a text that is not empty; got 7',
    ],
    [
      embed({ input: [1, 2.5] }),
      'input.input[1]',
      'input.input[1]: must be a token: a whole number from 0; got 2.5',
    ],
    [
      embed({ input: [[1], [2, 'b']] }),
      'input.input[1][1]',
      'input.input[1][1]: must be a token: a whole number from 0; got "b"',
    ],
    [
      embed({ input: [[1], []] }),
      'input.input[1]',
      'input.input[1]: must have at least 1 entry; got an array',
    ],
    [
      embed({ input: [[1], 'b'] }),
      'input.input[1]',
      'input.input[1]: must be an array of tokens, as the first entry is; got "b"',
    ],
    [
      embed({ input: 'a', encoding_format: 'int8', dimensions: 0 }),
      'input.dimensions',
      'input.dimensions: must be at least 1; got 0; input.encoding_format: must be one of float, base64; got "int8"',
    ],
    [
      embed({ input: 'a', inputs: 'b' }),
      'input.inputs',
      'input.inputs: unknown field; did you mean "input"?',
    ],
    [
      {
        type: 'rerank',
        model: 'm',
        input: { query: '', documents: ['a', { txt: 'b' }], top_n: 0 },
      },
      'input.query',
      'input.query: must have at least 1 character; got ""; input.documents[1].text: must be a string; it is missing; ' +
        'input.documents[1].txt: unknown field; did you mean "text"?; input.top_n: must be at least 1; got 0',
    ],
    [
      { type: 'transcription', model: 'm', input: { audio: { dta: 'x' }, temperature: 2 } },
      'input.audio.dta',
      'input.audio.dta: unknown field; did you mean "data"?; input.audio: must have data or url; got an object; input.temperature: must be at most 1; got 2',
    ],
    [
      { type: 'transcription', model: 'm', input: { audio: { data: 'AAAA' } } },
      'input.audio.filename',
      'input.audio.filename: must be given with data; it is missing',
    ],
    [
      chat({ messages: [message] }, { webhok: {} }),
      'webhok',
      'webhok: unknown field; did you mean "webhook"?',
    ],
    [
      { type: 'workflow', app: 'a', model: 'm', input: { inputs: {} } },
      'model',
      'model: unknown field; known: type, app, input, session_id, webhook, priority, cache, max_wait_seconds, timeout_seconds, attempt_timeout_seconds, …',
    ],
    [
      {
        type: 'batch',
        input: { requests: [{ type: 'chat', model: 'm', input: { messages: 1 } }] },
      },
      'input.requests[0].input.messages',
      'input.requests[0].input.messages: must be an array; got 1',
    ],
    [
      {
        type: 'batch',
        input: {
          requests: [1, 2].map(() => ({
            type: 'chat',
            custom_id: 'a',
            model: 'm',
            input: { messages: [message] },
          })),
        },
      },
      'input.requests[1].custom_id',
      'input.requests[1].custom_id: must be another than that of requests[0]; got "a"',
    ],
    [
      chat({ messages: [message] }, { max_wait_seconds: 0 }),
      'max_wait_seconds',
      'max_wait_seconds: must be more than 0; got 0',
    ],
    [
      chat({ messages: [message] }, { webhook: { url: 'https://example.com/hook' } }),
      'webhook.secret',
      'webhook.secret: must be a string; it is missing',
    ],
    [
      chat({ messages: [message] }, { metadata: { a: 1 } }),
      'metadata.a',
      'metadata.a: must be a string; got 1',
    ],
  ])('names the field, what it must be and what was given: %j', (body, param, text) => {
    const error = refusal(body);
    expect(error.message).toBe(text);
    expect(error.param).toBe(param);
    expect(error.code).toBe('invalid_request');
  });

  it('names the first five rejected fields and says that there are more', () => {
    const wrong = { temperature: 9, top_p: 9, seed: 0.5, stop: 1, max_tokens: 0, tools: [] };
    const error = refusal(ask(wrong));
    for (const field of ['temperature', 'top_p', 'seed', 'stop', 'max_tokens']) {
      expect(error.message).toContain(`input.${field}: `);
    }
    expect(error.message).toMatch(/; and more$/);
  });

  it('never repeats a webhook secret', () => {
    const webhook = { url: 'https://example.com', secret: 'canary-secret' };
    const error = refusal(chat({ messages: [message] }, { webhook }));
    expect(error.param).toBe('webhook.secret');
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it('shortens what was given', () => {
    const error = refusal({ type: 'x'.repeat(5_000) });
    expect(error.message.length).toBeLessThan(200);
  });
});
