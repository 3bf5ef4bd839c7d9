import { expect, test } from 'vitest';

import { drawSplits, readWeights } from './splits-command.ts';

test('each arm has a line with its share, its state and why', () => {
  const arm = { model: 'next', weight: 10, share: 0.1, state: 'rolled_back', reason: 'too curt' };
  const arms = [{ model: 'stable', weight: 90, share: 0.9, state: 'in_force' }, arm];
  const page = { data: [{ id: 'assistant', sticky_by: 'user', weights: 'set', arms }] };
  expect(drawSplits(page)).toBe(
    [
      'split      by    arm     share         state        why',
      'assistant  user  stable  90.0 % (set)  in_force',
      '                 next    10.0 % (set)  rolled_back  too curt',
      '',
    ].join('\n'),
  );
});

test('weights are written as arm=number; what is none goes to the API as it is', () => {
  expect(readWeights(['stable=90', 'a=b=2.5', 'next=many'])).toEqual({
    stable: 90,
    'a=b': 2.5,
    next: 'many',
  });
});
