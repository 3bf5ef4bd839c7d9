import type { FileStore } from '@sluice/batches';
import type { Cache, Flights, NearIndex } from '@sluice/cache';
import type { Config } from '@sluice/config';
import type { LaneBook, Limits, OutputForecast, ParkedKeys } from '@sluice/limits';
import type { BudgetBook } from '@sluice/metering';
import type { ProviderAdapter } from '@sluice/providers';
import type { Lanes } from '@sluice/queue';
import type { Records } from '@sluice/records';
import type { SplitBook } from '@sluice/routing';
import type { Clock, Downloader, Logger, Random } from '@sluice/runtime';
import type { Tenants } from '@sluice/tenants';

import type { Suspects } from './begin/suspects.ts';
import type { WorkerLife } from './upkeep/worker-life.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

/** `begun`: the record has said so. */
export type RunUnderWay = 'taken' | 'begun';

/** What the steps of a run need. `records` and `limits` share one connection: what is sent first is done first. */
export interface RunJobDeps {
  config: Config;
  records: Records;
  lanes: Lanes;
  /** The lane that the tickets come from. */
  lane: string;
  cache: Cache;
  flights: Flights;
  near: NearIndex;
  limits: Limits;
  /** The lanes with what operators have set. */
  laneBook: LaneBook;
  budgets: BudgetBook;
  forecast: OutputForecast;
  parkedKeys: ParkedKeys;
  splits: SplitBook;
  downloader: Downloader;
  tenants: Pick<Tenants, 'find'>;
  /** What clients have uploaded. */
  files: Pick<FileStore, 'read' | 'bytes'>;
  adapterFor(kind: string): ProviderAdapter;
  workerLife: WorkerLife;
  /** By their names, the runs that are under way in this process: see HeldTicket. */
  runs: Map<string, RunUnderWay>;
  suspects: Suspects;
  metrics: WorkerMetrics;
  clock: Clock;
  random: Random;
  log: Logger;
}
