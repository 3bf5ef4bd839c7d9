import { SluiceError } from '@sluice/contracts';
import { Agent } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { anthropic } from './conformance.ts';
import {
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../conformance/scripted-upstream.ts';
import { reply, streamScripts } from '../conformance/scripts.ts';
import { targetOf } from '../conformance/subject.ts';
import { createAdapters } from '../registry.ts';

const { stream } = streamScripts(anthropic.stream.type);

let upstream: ScriptedUpstream;
let agent: Agent;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  agent = new Agent();
});
beforeEach(() => {
  upstream.calls.length = 0;
});
afterAll(async () => {
  await agent.destroy();
  await upstream.close();
});

async function call(
  script: Script,
  provider: { folder?: string; options?: Record<string, string> } = {},
): Promise<unknown> {
  upstream.script(script);
  const target = targetOf('anthropic', upstream.url);
  target.provider.baseUrl = `${upstream.url}${provider.folder ?? ''}`;
  if (provider.options) target.provider.options = provider.options;
  const adapter = createAdapters({ dispatcher: agent })('anthropic');
  return await anthropic.call(adapter, { target, signal: new AbortController().signal });
}

async function failureOf(script: Script): Promise<SluiceError> {
  const error: unknown = await call(script).catch((thrown: unknown) => thrown);
  if (error instanceof SluiceError) return error;
  throw new Error('the call did not fail');
}

function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const start = event('message_start', { message: { usage: { input_tokens: 3 } } });
const say = [
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'So' } }),
  event('content_block_stop', { index: 0 }),
];
const ending = (delta: object, usage?: object) => [
  event('message_delta', { delta, usage }),
  event('message_stop'),
];

describe('the call', () => {
  it.each([
    ['', '/v1/messages'],
    ['/v1', '/v1/messages'],
    ['/proxy', '/proxy/v1/messages'],
  ])('with the base URL "%s" goes to %s', async (folder, path) => {
    await call(stream(...anthropic.events), { folder });
    expect(upstream.calls[0]).toMatchObject({ path });
  });

  it('of the newest version carries the key as its own client does', async () => {
    const options = { version: '2026-10-21', beta: 'files-api-2025-04-14,x' };
    // The suite's request has a temperature, which this version does not know.
    upstream.script(stream(...anthropic.events));
    const target = targetOf('anthropic', upstream.url, { dropParams: true });
    target.provider.options = options;
    const adapter = createAdapters({ dispatcher: agent })('anthropic');
    await anthropic.call(adapter, { target, signal: new AbortController().signal });
    const { headers, body } = upstream.calls[0]!;
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-conformance-0123456789',
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'files-api-2025-04-14,x',
    });
    expect(headers).not.toHaveProperty('x-api-key');
    expect(body).not.toHaveProperty('temperature');
  });
});

describe('a stream', () => {
  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['constructor', 'other'],
    [null, 'other'],
  ])('that stops for %s ends with %s', async (reason, unified) => {
    const value = await call(stream(start, ...say, ...ending({ stop_reason: reason })));
    expect(value).toMatchObject({
      result: { message: { content: 'So' }, finish_reason: { unified, raw: reason ?? '' } },
    });
  });

  it('that is refused says why', async () => {
    const details = { type: 'refusal', category: 'bio', explanation: 'too dangerous' };
    const value = await call(
      stream(start, ...ending({ stop_reason: 'refusal', stop_details: details })),
    );
    expect(value).toMatchObject({
      result: { message: { content: null, refusal: 'too dangerous' } },
    });
  });

  it('may have events and blocks that nobody knows yet', async () => {
    const value = await call(
      stream(
        start,
        event('quantum_leap', { delta: 5 }),
        event('content_block_start', { index: 7, content_block: { type: 'server_tool_use' } }),
        event('content_block_delta', { index: 7, delta: { type: 'leap_delta', leap: 1 } }),
        ...say,
        ...ending({ stop_reason: 'end_turn' }),
      ),
    );
    expect(value).toMatchObject({ result: { message: { content: 'So' } } });
    expect(value).not.toHaveProperty('result.message.tool_calls');
  });

  it('counts its tokens by the last total of each', async () => {
    const usage = { input_tokens: null, cache_read_input_tokens: 10, output_tokens: 4 };
    const value = await call(stream(start, ...say, ...ending({ stop_reason: 'end_turn' }, usage)));
    expect(value).toMatchObject({
      usage: {
        input_tokens: 13,
        cached_input_tokens: 10,
        output_tokens: 4,
        total_tokens: 17,
        source: 'provider',
      },
    });
  });

  it('that counts nothing has no usage', async () => {
    const bare = event('message_start', { message: {} });
    const value = await call(stream(bare, ...say, ...ending({ stop_reason: 'end_turn' })));
    expect(value).toMatchObject({ usage: undefined });
  });

  it.each([
    ['nothing but its end', [event('message_stop')]],
    ['a piece of a block that never began', [start, say[1]!, ...ending({})]],
  ])('of %s is a bad upstream', async (_name, events) => {
    expect(await failureOf(stream(...events))).toMatchObject({ code: 'bad_upstream' });
  });

  it.each([
    ['rate_limit_error', 'rate_limited'],
    ['api_error', 'upstream_error'],
    ['timeout_error', 'upstream_timeout'],
    ['invalid_request_error', 'upstream_invalid_request'],
    ['authentication_error', 'upstream_auth'],
  ])('that breaks with %s means %s', async (type, code) => {
    const broken = event('error', { error: { type, message: 'no' } });
    expect(await failureOf(stream(start, broken))).toMatchObject({ code, upstreamCode: type });
  });
});

describe('a refusal', () => {
  const body = (type: string, message: string, errorCode?: string) => ({
    type: 'error',
    error: { type, message, ...(errorCode && { details: { error_code: errorCode } }) },
    request_id: 'req_1',
  });

  it.each<[number, object, Record<string, unknown>]>([
    [
      429,
      body(
        'rate_limit_error',
        'Your organization has reached its limit',
        'enforced_spend_limit_reached',
      ),
      { code: 'quota_exceeded', retryable: false },
    ],
    [
      429,
      body('rate_limit_error', 'x', 'contract_spend_limit_reached'),
      { code: 'quota_exceeded', retryable: false },
    ],
    [
      429,
      body('rate_limit_error', 'x', 'ramp_limit_exceeded'),
      { code: 'rate_limited', retryable: true, retryAfterMs: 9_000 },
    ],
    [
      400,
      body(
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      ),
      { code: 'quota_exceeded', retryable: false },
    ],
    [
      400,
      body(
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
      ),
      { code: 'quota_exceeded', retryable: false },
    ],
    [402, body('billing_error', 'x'), { code: 'quota_exceeded', retryable: false }],
    [
      400,
      body('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
      { code: 'context_length_exceeded', retryable: false },
    ],
    [
      400,
      body(
        'invalid_request_error',
        'input length and `max_tokens` exceed context limit: 190000 + 64000 > 200000',
      ),
      { code: 'context_length_exceeded', retryable: false },
    ],
    [404, body('not_found_error', 'model: x'), { code: 'upstream_not_found', retryable: false }],
    [403, body('permission_error', 'x'), { code: 'upstream_auth', retryable: false }],
    [413, body('request_too_large', 'x'), { code: 'upstream_invalid_request', retryable: false }],
    [504, body('timeout_error', 'x'), { code: 'upstream_timeout', retryable: true }],
    [529, body('overloaded_error', 'Overloaded'), { code: 'upstream_overloaded', retryable: true }],
    [503, body('api_error', 'x', 'cmek_key_revoked'), { code: 'upstream_auth', retryable: false }],
  ])('of %i %o is understood', async (status, value, expected) => {
    const headers = { 'retry-after': '9', 'request-id': 'req_1' };
    const error = await failureOf(reply(status, value, headers));
    expect(error).toMatchObject({ ...expected, upstreamRequestId: 'req_1' });
  });

  it('without retry-after waits for the reset of the limit that is used up', async () => {
    const error = await failureOf(
      reply(429, body('rate_limit_error', 'x'), {
        date: 'Sat, 21 Nov 2026 10:00:00 GMT',
        'anthropic-ratelimit-requests-remaining': '5',
        'anthropic-ratelimit-requests-reset': '2026-11-21T10:00:50Z',
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-21T10:00:20Z',
      }),
    );
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 20_000 });
  });
});
