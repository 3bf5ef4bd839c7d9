import type { CallType, LedgerEntry } from '@sluice/contracts';

import type { LedgerMessage, LostRun } from './ledger.ts';

/** What must be known of models and apps to tell where a lost run may have been: their targets, by type and public name. */
export interface KnownRoutes {
  routes: Readonly<
    Record<
      CallType,
      Readonly<
        Record<string, { targets: readonly { provider: { name: string }; model: string }[] }>
      >
    >
  >;
}

/** A lost run as an entry: what it cost is not known, nor where it was unless its model has one target only. */
export function ledgerEntryOf({ entry, lost }: LedgerMessage, config: KnownRoutes): LedgerEntry {
  return entry ?? lostEntry(lost, config);
}

function lostEntry(lost: LostRun, { routes }: KnownRoutes): LedgerEntry {
  const { jobId, tenantId, keyId, model: name, type, user, metadata } = lost.request;
  if (type === 'batch') throw new TypeError(`${jobId} is a batch, which makes no call`);
  const [target, ...others] = routes[type][name]?.targets ?? [];
  const isSure = target !== undefined && others.length === 0;
  return {
    jobId,
    call: lost.call,
    atMs: lost.atMs,
    tenantId,
    ...(keyId !== undefined && { keyId }),
    type,
    name,
    provider: isSure ? target.provider.name : '',
    model: isSure ? target.model : '',
    ...(user !== undefined && { user }),
    ...(metadata && { metadata }),
    outcome: 'interrupted',
    costUsd: 'unknown',
    durationMs: 0,
  };
}
