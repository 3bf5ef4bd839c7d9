import { expect, test } from 'vitest';

import { joinCalls } from './script-text.ts';

test('calls that share keys and arguments name these once', () => {
  const long = 'x'.repeat(100);
  const joined = joinCalls([
    { keys: ['job1', 'live', 'index'], args: ['a', 1, long, 'same'] },
    { keys: ['job2', 'live', 'index'], args: ['b', 1, long, 'same'] },
    { keys: ['job3', 'live', 'other'], args: ['c', 1, long, 'same'] },
  ]);
  expect(joined).toEqual({
    keys: ['job1', 'live', 'index', 'job2', 'index', 'job3', 'other'],
    args: [3, 3, 4, 2, 2, 1, 3, 1, 3, 'a', 1, long, 'same', 'b', long, 'c', long],
  });
});
