import { describe, expect, it } from 'vitest';

import { nearestName, suggestName } from './nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['baseURL', ['kind', 'baseUrl'], 'baseUrl'],
    ['gpt-5.4-nanno', ['gpt-5.4-mini', 'gpt-5.4-nano'], 'gpt-5.4-nano'],
    ['x', ['openai'], undefined],
    ['x', [], undefined],
  ])('of %s among %j is %s', (given, known, nearest) => {
    expect(nearestName(given, known)).toBe(nearest);
  });
});

it('suggestName shows at most ten names where none is near', () => {
  const many = Array.from({ length: 12 }, (_, index) => `model-${index}`);
  expect(suggestName('zzz', many)).toBe(`known: ${many.slice(0, 10).join(', ')}, …`);
  expect(suggestName('zzz', [])).toBe('none is defined');
});
