import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** What a worker counts. It reaches `/metrics` of the API through the worker's heartbeat. */
export interface WorkerMetrics {
  registry: Registry;
  jobs: Counter<'type' | 'state'>;
  attempts: Counter<'lane' | 'provider' | 'outcome'>;
  rateLimited: Counter<'lane'>;
  waits: Counter<'lane' | 'limit'>;
  cacheReads: Counter<'outcome'>;
  deliveries: Counter<'outcome'>;
  attemptSeconds: Histogram<'lane' | 'provider'>;
  queueSeconds: Histogram<'lane'>;
}

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'sluice_worker_' });
  const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
  return {
    registry,
    jobs: new Counter({
      name: 'sluice_jobs_total',
      help: 'Jobs that ended, by type and terminal state',
      labelNames: ['type', 'state'],
      registers,
    }),
    attempts: new Counter({
      name: 'sluice_attempts_total',
      help: 'Upstream calls, by lane, provider and outcome (succeeded or an error code)',
      labelNames: ['lane', 'provider', 'outcome'],
      registers,
    }),
    rateLimited: new Counter({
      name: 'sluice_upstream_429_total',
      help: 'Upstream replies that closed a lane',
      labelNames: ['lane'],
      registers,
    }),
    waits: new Counter({
      name: 'sluice_waits_total',
      help: 'Tickets that got no permit, by the limit without room',
      labelNames: ['lane', 'limit'],
      registers,
    }),
    cacheReads: new Counter({
      name: 'sluice_cache_reads_total',
      help: 'Reads of the result cache, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    deliveries: new Counter({
      name: 'sluice_webhook_deliveries_total',
      help: 'Webhook delivery attempts, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: 'sluice_attempt_duration_seconds',
      help: 'Duration of upstream calls',
      labelNames: ['lane', 'provider'],
      buckets: seconds,
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'sluice_queue_wait_seconds',
      help: 'From accept to the first upstream call',
      labelNames: ['lane'],
      buckets: seconds,
      registers,
    }),
  };
}
