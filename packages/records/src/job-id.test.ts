import { batchIdOf, childJobId } from '@sluice/contracts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { maxShards } from '@sluice/runtime';

import { newShardedId, shardOf } from './job-id.ts';

const shard = fc.integer({ min: 0, max: maxShards - 1 });
const index = fc.integer({ min: 0, max: 49_999 });

test('an id names the shard it was made for, and so does that of a child', () => {
  fc.assert(
    fc.property(shard, index, (made, i) => {
      const jobId = newShardedId(Date.UTC(2026, 0, 1), made);
      expect(shardOf(jobId)).toBe(made);
      expect(shardOf(childJobId(jobId, i))).toBe(made);
      expect(batchIdOf(childJobId(jobId, i))).toBe(jobId);
      expect(batchIdOf(jobId)).toBeUndefined();
    }),
  );
});

test('ids sort by time, whatever their shards', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), shard, shard, (early, later, a, b) => {
      const first = newShardedId(1_700_000_000_000 + early, a);
      const second = newShardedId(1_700_000_000_001 + early + later, b);
      expect(first < second).toBe(true);
    }),
  );
});

test('no other text names a shard', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      expect(shardOf(text)).toBeUndefined();
    }),
  );
});
