import { expect, test } from 'vitest';

import { joinCalls } from './script-text.ts';

test('calls that share keys name these once', () => {
  const joined = joinCalls([
    { keys: ['job1', 'live', 'index'], args: ['a', 1] },
    { keys: ['job2', 'live', 'index'], args: ['b'] },
    { keys: ['job3', 'live', 'other'], args: [] },
  ]);
  expect(joined).toEqual({
    keys: ['job1', 'live', 'index', 'job2', 'index', 'job3', 'other'],
    args: [3, 3, 2, 1, 3, 2, 1, 0, 'a', 1, 'b'],
  });
});
