import { SluiceError } from '@sluice/contracts';
import { Agent } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { azureOpenAi } from './conformance.ts';
import {
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../conformance/scripted-upstream.ts';
import { reply, streamScripts } from '../conformance/scripts.ts';
import { targetOf } from '../conformance/subject.ts';
import { createAdapters } from '../registry.ts';

const { stream } = streamScripts(azureOpenAi.stream.type);

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
  model = 'my deployment/1',
) {
  upstream.script(script);
  const target = targetOf('azure-openai', upstream.url, { model });
  target.provider.baseUrl = `${upstream.url}${provider.folder ?? ''}`;
  target.provider.options = provider.options ?? {};
  const adapter = createAdapters({ dispatcher: agent })('azure-openai');
  return await azureOpenAi.call(adapter, { target, signal: new AbortController().signal });
}

describe('a deployment', () => {
  const classic = '/openai/deployments/my%20deployment%2F1/chat/completions';

  it.each([
    ['', {}, `${classic}?api-version=2024-10-21`],
    ['/openai', {}, `${classic}?api-version=2024-10-21`],
    ['', { apiVersion: '2025-04-01-preview' }, `${classic}?api-version=2025-04-01-preview`],
    ['/gateway/openai', {}, `/gateway${classic}?api-version=2024-10-21`],
    ['/openai/v1', {}, '/openai/v1/chat/completions'],
    ['/openai/v1', { apiVersion: 'preview' }, '/openai/v1/chat/completions?api-version=preview'],
  ])('under "%s" with %o is called at %s', async (folder, options, path) => {
    const value = await call(stream(...azureOpenAi.events), { folder, options });
    expect(value).toMatchObject(azureOpenAi.reply as object);
    expect(upstream.calls[0]).toMatchObject({ path, body: { model: 'my deployment/1' } });
  });
});

async function failureOf(...args: Parameters<typeof call>): Promise<SluiceError> {
  const error: unknown = await call(...args).catch((thrown: unknown) => thrown);
  if (error instanceof SluiceError) return error;
  throw new Error('the call did not fail');
}

describe('a refusal', () => {
  const rateLimit = (seconds: number) => ({
    error: {
      code: '429',
      message: `Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after ${seconds} seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.`,
    },
  });

  it.each<[string, Record<string, string>, number, number]>([
    ['the header', { 'retry-after': '7' }, 20, 7_000],
    ['the exact header', { 'retry-after-ms': '7500', 'retry-after': '8' }, 20, 7_500],
    ['the text where the header is nonsense', { 'retry-after': '-1' }, 20, 20_000],
    ['the text, ten minutes at most', {}, 86_400, 600_000],
    ['the text before the reset', { 'x-ratelimit-reset-tokens': '33' }, 20, 20_000],
  ])('for the rate waits as long as %s says', async (_name, headers, seconds, retryAfterMs) => {
    const error = await failureOf(reply(429, rateLimit(seconds), headers));
    expect(error).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      retryAfterMs,
      upstreamCode: '429',
    });
  });

  it.each<Record<string, string>>([
    { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '33' },
    { 'x-rate-limit-reset-tokens': '33' },
  ])('for the rate without a text waits for the reset of %o', async (headers) => {
    const error = await failureOf(reply(429, { error: { code: '429', message: '' } }, headers));
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 33_000 });
  });

  it('for the prompt is the content filter’s', async () => {
    const body = azureOpenAi.errorBody({
      status: 400,
      message:
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      code: 'content_filter',
    });
    const error = await failureOf(reply(400, body, { 'apim-request-id': 'apim-1' }));
    expect(error).toMatchObject({
      code: 'content_filtered',
      retryable: false,
      upstreamCode: 'content_filter',
      upstreamRequestId: 'apim-1',
    });
  });

  it.each([
    [404, 'DeploymentNotFound', 'upstream_not_found'],
    [404, '404', 'upstream_not_found'],
    [401, '401', 'upstream_auth'],
    [400, 'OperationNotSupported', 'upstream_invalid_request'],
  ])('of %i %s is understood', async (status, code, means) => {
    const error = await failureOf(reply(status, { error: { code, message: 'no' } }));
    expect(error).toMatchObject({ code: means, retryable: false, upstreamCode: code });
  });
});

it('a reply that the content filter cut says so', async () => {
  const chunk = (choice: object) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
  const value = await call(
    stream(
      chunk({ index: 0, delta: { role: 'assistant', content: 'So' }, finish_reason: null }),
      chunk({ index: 0, delta: {}, finish_reason: 'content_filter' }),
      'data: [DONE]\n\n',
    ),
  );
  expect(value).toMatchObject({
    result: {
      message: { content: 'So' },
      finish_reason: { unified: 'content_filter', raw: 'content_filter' },
    },
  });
});
