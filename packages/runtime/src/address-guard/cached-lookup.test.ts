import { expect, test } from 'vitest';

import { cacheLookup } from './cached-lookup.ts';

function counted() {
  const asked: string[] = [];
  const lookup = async (hostname: string) => {
    asked.push(hostname);
    if (hostname === 'missing') throw new Error(`no ${hostname}`);
    return [{ address: `192.0.2.${asked.length}`, family: 4 as const }];
  };
  let nowMs = 0;
  const clock = { now: () => nowMs, sleep: async () => {} };
  const pass = (ms: number) => (nowMs += ms);
  return { asked, pass, cached: cacheLookup(lookup, { clock, ttlMs: 1_000 }) };
}

test('a name is asked for once at a time and once in its time to live', async () => {
  const { asked, pass, cached } = counted();
  const [one, other] = await Promise.all([cached('a'), cached('a')]);
  expect(one).toBe(other);
  pass(999);
  expect(await cached('a')).toBe(one);
  await cached('b');
  expect(asked).toEqual(['a', 'b']);
  pass(1);
  expect(await cached('a')).toEqual([{ address: '192.0.2.3', family: 4 }]);
});

test('a failed answer is not kept', async () => {
  const { asked, cached } = counted();
  await expect(cached('missing')).rejects.toThrow('no missing');
  await expect(cached('missing')).rejects.toThrow('no missing');
  expect(asked).toHaveLength(2);
});
