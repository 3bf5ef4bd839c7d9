import { expect, it } from 'vitest';

import { omitParams } from './omit-params.ts';

const input = { messages: [{ role: 'user' as const, content: 'hi' }], seed: 7, temperature: 1 };

it('parameters that the configuration names are left out, all others stay', () => {
  expect(omitParams({ input }, { omitParams: ['seed', 'top_k'] })).toEqual({
    messages: input.messages,
    temperature: 1,
  });
  expect(omitParams({ input }, {})).toBe(input);
});
