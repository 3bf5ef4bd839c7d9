import { createToldShares } from '@sluice/metering';
import { newId } from '@sluice/runtime';

import { followRollbacks } from '../outcome/tell-rollbacks.ts';
import type { WorkerParts } from '../wire-worker.ts';
import { meterLedger } from './meter-ledger.ts';
import { followAnomalies } from './tell-anomalies.ts';
import { followBudgets } from './tell-budgets.ts';

/** Counts the ledger of every shard, and tells of budgets that are used up, of unusual spend and of roll-backs, until `signal` aborts; resolves when all of it has ended. */
export function startMeters(
  parts: WorkerParts,
  shards: readonly number[],
  signal: AbortSignal,
): () => Promise<void> {
  const meterId = newId('meter', parts.clock.now());
  const metering = shards.map((shard) => meterLedger(parts, { shard, meterId, signal }));
  const { redis, config } = parts;
  const toldShares = createToldShares({ redis, root: config.root });
  const deliveryAttempts = config.webhooks.scheduleMs.length;
  const deps = { ...parts, toldShares, deliveryAttempts };
  const telling = [
    followBudgets(deps, signal),
    followAnomalies(deps, signal),
    followRollbacks(deps, signal),
  ];
  return async () => {
    await Promise.all([...metering, ...telling]);
  };
}
