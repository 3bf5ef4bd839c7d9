import type { Request, Response } from 'express';

import type { ApiDeps } from '../deps.ts';
import { requestIdOf } from '../http/reply.ts';
import { mergeMetrics } from '../merge-metrics.ts';
import { readHeartbeats } from '../watch/read-heartbeats.ts';

/**
 * `GET /metrics`: Prometheus text, behind the API key (a scraper sends it as bearer token). What this API process counts
 * (requests, durations by route, accepts), depth and pause of every lane as they are now, and what the workers count
 * (attempts, 429s, waits, durations) as of their last heartbeat, each with a label `worker`. Several API processes give the
 * same lanes and workers: aggregate those with `max`, not with `sum`.
 */
export function metricsRoute(deps: ApiDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const [counts, heartbeats] = await Promise.all([deps.lanes.counts(), readHeartbeats(deps)]);
    deps.metrics.setLanes(counts);
    const text = await mergeMetrics(deps.metrics.registry, heartbeats);
    response.writeHead(200, {
      'Content-Type': deps.metrics.registry.contentType,
      'X-Request-Id': requestIdOf(response),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
    response.end(text);
  };
}
