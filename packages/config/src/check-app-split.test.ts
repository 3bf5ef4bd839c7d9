import { expect, test } from 'vitest';

import { checkAppSplits } from './check-app-split.ts';

const apps = {
  one: { provider: 'dify', apiKey: 'app-1' },
  two: { provider: 'dify', apiKey: 'app-2' },
  talk: { kind: 'chat', provider: 'dify', apiKey: 'app-3' },
};

/** Problems of an app with these arms, as `place: message`. */
function check(arms: [app: string, weight: number][], more: object = {}): string[] {
  const split = { arms: arms.map(([app, weight]) => ({ app, weight })) };
  const problems = checkAppSplits({ apps: { ...apps, both: { split, ...more } } });
  return problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a split of apps of one kind has no problem', () => {
  const arms: [string, number][] = [
    ['one', 9],
    ['two', 1],
  ];
  expect(check(arms)).toEqual([]);
  expect(check([['talk', 1]], { kind: 'chat' })).toEqual([]);
});

test.each<[[string, number][], object, string]>([
  [[['onee', 1]], {}, 'apps.both.split.arms.0.app: unknown app "onee"; did you mean "one"?'],
  [
    [
      ['one', 1],
      ['one', 1],
    ],
    {},
    'apps.both.split.arms.1.app: "one" is an arm already',
  ],
  [[['both', 1]], {}, 'apps.both.split.arms.0.app: app "both" has a split; name one with targets'],
  [
    [['talk', 1]],
    {},
    'apps.both.split.arms.0.app: app "talk" is of kind chat, and this one of kind workflow',
  ],
  [[['one', 0]], {}, 'apps.both.split.arms: have weights that sum to 0'],
  [
    [['one', 1]],
    { apiKey: 'app-4' },
    'apps.both.apiKey: belongs to the apps that the split chooses from',
  ],
])('%j with %j is refused', (arms, more, problem) => {
  expect(check(arms, more)).toEqual([problem]);
});
