import { describe, expect, it } from 'vitest';

import { adapterKinds, createAdapters } from './registry.ts';

describe('the registry', () => {
  it('gives the same adapter each time', () => {
    const adapterFor = createAdapters();
    for (const kind of adapterKinds) expect(adapterFor(kind)).toBe(adapterFor(kind));
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
