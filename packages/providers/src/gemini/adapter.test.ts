import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { gemini } from './conformance.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../conformance/scripted-upstream.ts';
import { document, reply, streamScripts } from '../conformance/scripts.ts';
import { targetOf } from '../conformance/subject.ts';
import { createAdapters } from '../registry.ts';

let upstream: ScriptedUpstream;
let agent: Agent;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  agent = new Agent();
});
afterAll(async () => {
  await agent.destroy();
  await upstream.close();
});

async function call(model: string, apiVersion = 'v1beta'): Promise<unknown> {
  const target = targetOf('gemini', upstream.url, { model });
  target.provider.baseUrl = upstream.url;
  target.provider.options = { apiVersion };
  const adapter = createAdapters({ dispatcher: agent })('gemini');
  return await gemini.call(adapter, { target, signal: new AbortController().signal });
}

describe('a call of Gemini', () => {
  it.each([
    ['gemini-2.5-flash', 'v1beta', '/v1beta/models/gemini-2.5-flash'],
    ['models/gemini-2.5-flash', 'v1', '/v1/models/gemini-2.5-flash'],
    ['tunedModels/mine', 'v1beta', '/v1beta/tunedModels/mine'],
    ['a model?', 'v1beta', '/v1beta/models/a%20model%3F'],
  ])('of model %s and version %s goes to %s', async (model, apiVersion, path) => {
    upstream.script(streamScripts(gemini.stream.type).stream(...gemini.events));
    await call(model, apiVersion);
    expect(upstream.calls.at(-1)?.path).toBe(`${path}:streamGenerateContent?alt=sse`);
  });

  it('may be answered with the list of pieces that a stream is without server-sent events', async () => {
    const pieces = gemini.events.map((event) => JSON.parse(event.replace('data: ', '')) as unknown);
    upstream.script(document(pieces));
    expect(await call('m')).toMatchObject(gemini.reply as object);
    upstream.script(
      document([...pieces.slice(0, 2), { error: { code: 503, status: 'UNAVAILABLE' } }]),
    );
    await expect(call('m')).rejects.toMatchObject({ code: 'upstream_overloaded' });
  });

  it('waits as long as the details of a refusal say', async () => {
    const error = {
      code: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier' }] },
        { retryDelay: '37.5s' },
      ],
    };
    upstream.script(reply(429, { error }));
    await expect(call('m')).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 37_500,
      upstreamCode: 'RESOURCE_EXHAUSTED',
    });
  });

  it('is refused for its key though the status is that of a wrong request', async () => {
    const error = {
      code: 400,
      message: 'API key not valid. Please pass a valid API key.',
      status: 'INVALID_ARGUMENT',
      details: [{ reason: 'API_KEY_INVALID', domain: 'googleapis.com' }],
    };
    upstream.script(reply(400, { error }));
    await expect(call('m')).rejects.toMatchObject({ code: 'upstream_auth', retryable: false });
  });
});
