import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openAi } from './conformance.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../conformance/scripted-upstream.ts';
import { streamScripts } from '../conformance/scripts.ts';
import { targetOf } from '../conformance/subject.ts';
import { createAdapters } from '../registry.ts';
import { fitChat } from './fit-chat.ts';
import { fitTokenLimit } from './fit-token-limit.ts';

describe('a token limit', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const fit = (model: string, limits: object, dropParams = false) =>
    fitTokenLimit({
      input: { messages, ...limits },
      target: targetOf('openai', 'http://h', { model, dropParams }),
    });

  it.each(['o1', 'o3', 'o4-mini', 'gpt-5', 'gpt-5.4-nano', 'gpt-6-astra', 'gpt-10'])(
    'is renamed for %s, which refuses the old name',
    (model) => {
      expect(fit(model, { max_tokens: 9 })).toEqual({ messages, max_completion_tokens: 9 });
    },
  );

  it.each(['gpt-4o', 'gpt-4.1-mini', 'chatgpt-4o-latest', 'ft:gpt-5', 'gpt-oss'])(
    'stays as it was for %s',
    (model) => {
      expect(fit(model, { max_tokens: 9 })).toEqual({ messages, max_tokens: 9 });
    },
  );

  it('under its new name stays as it was', () => {
    expect(fit('gpt-5', { max_completion_tokens: 9 })).toEqual({
      messages,
      max_completion_tokens: 9,
    });
  });

  it('given twice is refused if the two differ, or the old one is dropped', () => {
    const same = { max_tokens: 9, max_completion_tokens: 9 };
    expect(fit('gpt-5', same)).toEqual({ messages, max_completion_tokens: 9 });
    const both = { max_tokens: 9, max_completion_tokens: 5 };
    expect(() => fit('gpt-5', both)).toThrow('cannot take input.max_tokens');
    expect(fit('gpt-5', both, true)).toEqual({ messages, max_completion_tokens: 5 });
  });
});

describe('sampling', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const sampled = { temperature: 0.2, top_p: 0.9, presence_penalty: 1, logit_bias: { '7': 1 } };
  const fit = (model: string, more: object, target: Parameters<typeof targetOf>[2] = {}) =>
    fitChat({
      input: { messages, ...more },
      target: targetOf('openai', 'http://h', { model, ...target }),
    });

  it.each(['o3', 'o4-mini', 'gpt-5', 'gpt-5-nano', 'gpt-5-mini-2025-08-07'])(
    'is refused for %s, or left out',
    (model) => {
      expect(() => fit(model, sampled)).toThrow('cannot take input.temperature');
      expect(() => fit(model, { logit_bias: { '7': 1 } })).toThrow('input.logit_bias');
      expect(fit(model, sampled, { dropParams: true })).toEqual({ messages });
    },
  );

  it('that changes nothing is sent to every model', () => {
    const neutral = { temperature: 1, top_p: 1, frequency_penalty: 0, logit_bias: {} };
    expect(fit('o3', neutral)).toEqual({ messages, ...neutral });
  });

  it.each(['gpt-4.1', 'gpt-5.4', 'gpt-5-chat-latest', 'gpt-6-sol'])('is sent to %s', (model) => {
    expect(fit(model, sampled)).toEqual({ messages, ...sampled });
  });

  it('follows the configuration where that knows better', () => {
    expect(fit('gpt-5', sampled, { facts: { sampling: true } })).toEqual({ messages, ...sampled });
    expect(() => fit('my-deployment', sampled, { facts: { sampling: false } })).toThrow(
      'acme (openai) cannot take input.temperature: my-deployment takes no sampling parameters',
    );
  });

  it('by top_k is not known', () => {
    expect(() => fit('gpt-4.1', { top_k: 5 })).toThrow('cannot take input.top_k');
    expect(fit('gpt-4.1', { top_k: 5 }, { dropParams: true })).toEqual({ messages });
  });
});

describe('the headers', () => {
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

  it('name the organization and the project of the configuration', async () => {
    upstream.script(streamScripts(openAi.stream.type).stream(...openAi.events));
    const target = targetOf('openai', upstream.url);
    target.provider.options = { organization: 'org-1', project: 'proj_1' };
    const adapter = createAdapters({ dispatcher: agent })('openai');
    await openAi.call(adapter, { target, signal: new AbortController().signal });
    expect(upstream.calls[0]?.headers).toMatchObject({
      'openai-organization': 'org-1',
      'openai-project': 'proj_1',
    });
  });
});
