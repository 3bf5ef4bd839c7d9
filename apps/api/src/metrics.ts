import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { JobType } from '@sluice/contracts';
import type { LaneCounts } from '@sluice/queue';

/** What one API process counts. */
export interface ApiMetrics {
  registry: Registry;
  observe(request: { method: string; route: string; status: number }, durationMs: number): void;
  accepted(type: JobType, kind: 'created' | 'replayed'): void;
  /** Counts what the cache said to a job at its accept. */
  answered(outcome: 'hit' | 'miss'): void;
  /** Sets the gauges of the lanes, at a scrape. */
  setLanes(counts: readonly LaneCounts[]): void;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60];

/** Looking labels up costs as much as the rest of a measurement, so each set of them is looked up once. */
export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'sluice_api_' });
  const durations = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'From the request to the end of its answer, by route and status; 499 is a client that left',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers,
  });
  const accepts = new Counter({
    name: 'sluice_accepted_jobs_total',
    help: 'Jobs accepted over HTTP: created, or replayed by their Idempotency-Key',
    labelNames: ['type', 'kind'],
    registers,
  });
  const cacheReads = new Counter({
    name: 'sluice_accept_cache_reads_total',
    help: 'Jobs that the cache ended at their accept: answered (hit), or refused with mode only (miss)',
    labelNames: ['outcome'],
    registers,
  });
  const duration = once((method, route, status) => durations.labels({ method, route, status }));
  const accept = once((type, kind) => accepts.labels({ type, kind }));
  return {
    registry,
    observe: ({ method, route, status }, durationMs) =>
      duration(method, route, String(status)).observe(durationMs / 1_000),
    accepted: (type, kind) => accept(type, kind).inc(),
    answered: (outcome) => cacheReads.inc({ outcome }),
    setLanes: laneGauges(registry),
  };
}

/** Remembers what `make` gave for each list of labels. */
function once<Child>(make: (...labels: string[]) => Child): (...labels: string[]) => Child {
  const known = new Map<string, Child>();
  return (...labels) => {
    const key = labels.join(' ');
    let child = known.get(key);
    if (child === undefined) {
      child = make(...labels);
      known.set(key, child);
    }
    return child;
  };
}

function laneGauges(registry: Registry): ApiMetrics['setLanes'] {
  const registers = [registry];
  const tickets = new Gauge({
    name: 'sluice_lane_tickets',
    help: 'Tickets in a lane (webhook deliveries: lane="webhooks") by state',
    labelNames: ['lane', 'state'],
    registers,
  });
  const paused = new Gauge({
    name: 'sluice_lane_paused_seconds',
    help: 'How long the lane stays closed for every worker; 0 when it is open',
    labelNames: ['lane'],
    registers,
  });
  return (counts) => {
    for (const { lane, pausedForMs, ...states } of counts) {
      for (const [state, count] of Object.entries(states)) tickets.set({ lane, state }, count);
      paused.set({ lane }, pausedForMs / 1_000);
    }
  };
}
