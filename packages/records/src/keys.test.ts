import { readdirSync, readFileSync } from 'node:fs';

import { childJobId } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';

import { newShardedId } from './job-id.ts';
import { createKeys } from './keys.ts';

const folder = new URL('../lua/', import.meta.url);
const scripts = readdirSync(folder).map((name) => ({
  name,
  source: readFileSync(new URL(name, folder), 'utf8'),
}));

describe('the keys of a job', () => {
  test.each([0, 1, 31, 32, 1_023])('are all in the hash slot of its shard (%d)', (shard) => {
    const keys = createKeys('sluice', 1_024);
    const batchId = newShardedId(0, shard);
    const { shard: named, parent, ...ofChild } = keys.ofJob(childJobId(batchId, 7))!;
    const all = [
      ...Object.values(ofChild),
      parent!.job,
      parent!.children,
      keys.tenant(shard, 't1'),
      keys.idempotency(shard, 'abc'),
      keys.outbox(shard),
    ];
    expect(named).toBe(shard);
    expect(all.map((key) => /^{([^}]+)}[/]/.exec(key)?.[1])).toEqual(
      all.map(() => `sluice:${shard}`),
    );
    expect(parent!.job).toBe(keys.ofJob(batchId)!.job);
    expect(parent!.children).toBe(keys.ofJob(batchId)!.children);
  });

  test('of a shard that is not there are none', () => {
    expect(createKeys('sluice', 2).ofJob(newShardedId(0, 2))).toBeUndefined();
  });
});

test.each(scripts)('$name makes no key of its own', ({ source }) => {
  const calls = [
    ...source.matchAll(/redis\.call\('(\w+)', (?:'(?:CONSUMERS|DELCONSUMER)', )?(\S+?)[,)]/g),
  ];
  expect(calls.length).toBe(source.split('redis.call(').length - 1);
  // A channel is no key.
  const keys = calls.filter(([, command]) => command !== 'PUBLISH').map(([, , key]) => key);
  // Functions are given their keys by the scripts that call them.
  const given =
    source.includes('redis.call') && /^local function/m.test(source)
      ? ['loads', 'job', 'index']
      : [];
  const isGiven = (key = '') => /^KEYS\[\d+\]$|^unpack\(KEYS$/.test(key) || given.includes(key);
  expect(keys.filter((key) => !isGiven(key))).toEqual([]);
});
