import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { loadConfig } from '@sluice/config';
import { chatInput, type ChatInput } from '@sluice/contracts';

import { cacheKey, type CacheKeyParts } from './cache-key.ts';

const { routes } = loadConfig({ env: {}, cwd: '/nonexistent' });
const target = routes.chat['sim-chat']!.targets[0];
const app = routes.workflow['sim-workflow']!.targets[0];

const input: ChatInput = {
  messages: [{ role: 'user', content: 'Hello' }],
  temperature: 0.7,
  seed: 1,
};
const chat: CacheKeyParts = { type: 'chat', name: 'fast', target, input };
const workflow: CacheKeyParts = {
  type: 'workflow',
  name: 'support',
  target: app,
  input: { inputs: { question: 'Hello' } },
  user: 'ada',
};

/** The same data with the keys of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, member]) => [key, reversed(member)]));
}

function keyOfInputs(inputs: Record<string, unknown>): string {
  return cacheKey({ ...workflow, input: { inputs } });
}

// Data as JSON gives them. Keys that look like array indexes cannot be reordered, so there are none.
const inputs = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue({ maxDepth: 3 }));

describe('cacheKey', () => {
  it('is a version and a SHA-256', () => {
    expect(cacheKey(chat)).toMatch(/^v4:[0-9a-f]{64}$/);
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(inputs, (data) => {
        // Reversing a mapping gives a mapping.
        expect(keyOfInputs(reversed(data) as Record<string, unknown>)).toBe(keyOfInputs(data));
      }),
    );
  });

  it('differs exactly where the data differ on the wire', () => {
    fc.assert(
      fc.property(inputs, inputs, (one, other) => {
        const sorted = (data: unknown) => JSON.stringify(data, sortMembers);
        expect(keyOfInputs(one) === keyOfInputs(other)).toBe(sorted(one) === sorted(other));
      }),
    );
  });

  it('differs for every single value that changes', () => {
    fc.assert(
      fc.property(inputs, fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue(), (data, key, value) => {
        const changed = { ...data, [key]: [value, 'changed'] };
        fc.pre(JSON.stringify(data[key]) !== JSON.stringify(changed[key]));
        expect(keyOfInputs(changed)).not.toBe(keyOfInputs(data));
      }),
    );
  });

  it('does not see fields that are undefined', () => {
    // What strict types forbid, plain JavaScript may still do.
    const sparse = { ...input, stop: undefined } as unknown as ChatInput;
    expect(cacheKey({ ...chat, input: sparse })).toBe(cacheKey(chat));
  });

  it('takes 1, "1", [1] and null for four things', () => {
    const keys = [1, '1', [1], null].map((value) => keyOfInputs({ value }));
    expect(new Set(keys).size).toBe(4);
  });

  it.each<[string, Partial<CacheKeyParts>]>([
    ['the version', { version: 'v2' }],
    ['whether the raw reply is kept', { includeRaw: true }],
    ['the public name', { name: 'other' }],
    ['the upstream model', { target: { ...target, model: 'other' } }],
    ['the provider', { target: { ...target, provider: { ...target.provider, name: 'other' } } }],
    [
      'the address',
      { target: { ...target, provider: { ...target.provider, baseUrl: 'http://x' } } },
    ],
    ['the adapter', { target: { ...target, provider: { ...target.provider, kind: 'openai' } } }],
    [
      'an option of the provider',
      { target: { ...target, provider: { ...target.provider, options: { beta: 'x' } } } },
    ],
    ['what is dropped', { target: { ...target, dropParams: !target.dropParams } }],
    ['a message', { input: { ...input, messages: [{ role: 'user', content: 'Hello ' }] } }],
    ['the temperature', { input: { ...input, temperature: 0.70001 } }],
    ['an option more', { input: { ...input, top_p: 1 } }],
  ])('differs by %s', (_what, change) => {
    expect(cacheKey({ ...chat, ...change })).not.toBe(cacheKey(chat));
  });

  it('differs by every field that a chat can have', () => {
    const fields = Object.keys(chatInput.shape).filter((field) => field !== 'messages');
    expect(fields.length).toBeGreaterThan(20);
    const keys = fields.flatMap((field) => {
      // What a field holds is nothing to the key, so any two values will do.
      const withValue = (value: string) =>
        cacheKey({ ...chat, input: { ...input, [field]: value } });
      return [withValue('one'), withValue('other')];
    });
    expect(new Set([...keys, cacheKey(chat)]).size).toBe(keys.length + 1);
  });

  it('of a chat does not depend on the API key and the user', () => {
    expect(
      cacheKey({ ...chat, user: 'ada', target: { ...target, apiKeys: ['new'], apiKey: 'new' } }),
    ).toBe(cacheKey(chat));
  });

  it('of a workflow depends on both, because Dify does', () => {
    expect(cacheKey({ ...workflow, user: 'bob' })).not.toBe(cacheKey(workflow));
    expect(cacheKey({ ...workflow, target: { ...app, apiKeys: ['app-2'] } })).not.toBe(
      cacheKey(workflow),
    );
  });

  it('of different types never meet', () => {
    expect(cacheKey({ ...chat, type: 'workflow' })).not.toBe(cacheKey(chat));
    expect(cacheKey({ ...chat, type: 'embedding' })).not.toBe(cacheKey(chat));
  });
});

function sortMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
