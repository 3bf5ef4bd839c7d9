import {
  collectDefaultMetrics,
  Counter,
  Histogram,
  Registry,
  type CounterConfiguration,
} from 'prom-client';

/** What a worker counts. It reaches `/metrics` of the API through the worker's heartbeat. */
export interface WorkerMetrics {
  registry: Registry;
  /** Jobs that ended. */
  jobs: Counter<'type' | 'state'>;
  /** Upstream calls; `outcome` is `succeeded` or an error code. */
  attempts: Counter<'lane' | 'provider' | 'outcome'>;
  /** Upstream 429s, each of which closed a lane. */
  rateLimited: Counter<'lane'>;
  /** Tickets that got no permit, by the limit without room. */
  waits: Counter<'lane' | 'limit'>;
  /** Circuit breakers that opened or closed. */
  breakerMoves: Counter<'lane' | 'target' | 'state'>;
  cacheReads: Counter<'outcome'>;
  /** Arms of splits that lost their share by their figures. */
  splitRollbacks: Counter<'split' | 'arm'>;
  /** What the ledger has, counted by whichever worker meters; so are the next five. */
  ledgerEntries: Counter<'model' | 'provider' | 'outcome'>;
  cost: Counter<'model' | 'provider'>;
  /** Calls whose cost is not known. */
  unknownCosts: Counter<'model' | 'provider'>;
  tokens: Counter<'model' | 'provider' | 'kind'>;
  savedCost: Counter<'model' | 'provider'>;
  savedTokens: Counter<'model' | 'provider'>;
  /** Webhook POSTs. */
  deliveries: Counter<'outcome'>;
  attemptSeconds: Histogram<'lane' | 'provider'>;
  /** From accept to the first upstream call. */
  queueSeconds: Histogram<'lane'>;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'sluice_worker_' });
  const counter: MakeCounter = (name, help, labelNames) =>
    new Counter({ name: `sluice_${name}`, help, labelNames, registers: [registry] });
  const seconds = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Histogram({ name: `sluice_${name}`, help, labelNames, buckets, registers: [registry] });
  return {
    registry,
    jobs: counter('jobs_total', 'Jobs that ended', ['type', 'state']),
    attempts: counter('attempts_total', 'Upstream calls', ['lane', 'provider', 'outcome']),
    rateLimited: counter('upstream_429_total', 'Upstream replies that closed a lane', ['lane']),
    waits: counter('waits_total', 'Tickets that got no permit', ['lane', 'limit']),
    breakerMoves: counter('breaker_moves_total', 'Circuit breakers that opened or closed', [
      'lane',
      'target',
      'state',
    ]),
    cacheReads: counter('cache_reads_total', 'Reads of the result cache', ['outcome']),
    splitRollbacks: counter('split_rollbacks_total', 'Arms of splits that lost their share', [
      'split',
      'arm',
    ]),
    ...ledgerCounters(counter),
    deliveries: counter('webhook_deliveries_total', 'Webhook delivery attempts', ['outcome']),
    attemptSeconds: seconds('attempt_duration_seconds', 'Upstream calls', ['lane', 'provider']),
    queueSeconds: seconds('queue_wait_seconds', 'From accept to first upstream call', ['lane']),
  };
}

type MakeCounter = <Label extends string>(
  name: string,
  help: string,
  labelNames: CounterConfiguration<Label>['labelNames'] & {},
) => Counter<Label>;

function ledgerCounters(counter: MakeCounter) {
  const target = ['model', 'provider'] as const;
  return {
    ledgerEntries: counter('ledger_entries_total', 'Calls, and replies from the cache', [
      ...target,
      'outcome',
    ]),
    cost: counter('cost_usd_total', 'US dollars that calls cost', [...target]),
    unknownCosts: counter('unknown_costs_total', 'Calls of unknown cost', [...target]),
    tokens: counter('tokens_total', 'Tokens of calls', [...target, 'kind']),
    savedCost: counter('saved_usd_total', 'US dollars that the cache saved', [...target]),
    savedTokens: counter('saved_tokens_total', 'Tokens that the cache saved', [...target]),
  };
}
