import { adapterKinds as kindsOfConfig, type KindFacts } from '@sluice/config';
import { describe, expect, it } from 'vitest';

import type { ProviderAdapter } from './adapter.ts';
import { adapterKinds, createAdapters } from './registry.ts';

describe('the registry', () => {
  it('gives the same adapter each time', () => {
    const adapterFor = createAdapters();
    for (const kind of adapterKinds) expect(adapterFor(kind)).toBe(adapterFor(kind));
  });

  it('has an adapter for each folder with a kind.json, and no other', () => {
    expect(Object.keys(kindsOfConfig)).toEqual(adapterKinds);
  });

  const methods: Record<KindFacts['runs'][number], keyof ProviderAdapter> = {
    chat: 'chat',
    embedding: 'embed',
    rerank: 'rerank',
    transcription: 'transcribe',
    workflow: 'workflow',
  };

  it.each(adapterKinds)('has for %s what its kind.json says that it runs', (kind) => {
    const adapter = createAdapters()(kind);
    const runs = Object.entries(methods).flatMap(([type, method]) =>
      adapter[method] ? [type] : [],
    );
    expect(kindsOfConfig[kind]?.runs.toSorted()).toEqual(runs.toSorted());
    expect(adapter.listModels ?? adapter.checkCredentials, 'a free call').toBeDefined();
  });

  it.each(['openai_compatible', '', 'constructor', '__proto__'])(
    'refuses "%s" and names what it knows',
    (kind) => {
      expect(() => createAdapters()(kind)).toThrow(
        `unknown provider kind "${kind}"; known kinds are ${adapterKinds.join(', ')}`,
      );
    },
  );
});
