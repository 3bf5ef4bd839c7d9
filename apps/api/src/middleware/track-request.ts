import type { NextFunction, Request, Response } from 'express';

import { newId } from '@sluice/runtime';

import type { ApiDeps } from '../deps.ts';

const validRequestId = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * Gives every request its id (the client's own, if it is a valid one), and counts it when its answer is out. Successful
 * requests are logged at `debug` only: a line for each costs more than accepting a job.
 */
export function trackRequests({ clock, log, metrics }: Pick<ApiDeps, 'clock' | 'log' | 'metrics'>) {
  // Unique by its process, short of the cost of 16 random characters a request.
  const prefix = newId('req', clock.now());
  let count = 0;
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    const given = request.headers['x-request-id'];
    const known = typeof given === 'string' && validRequestId.test(given);
    const requestId = known ? given : `${prefix}_${(count += 1)}`;
    response.locals['requestId'] = requestId;
    response.on('close', () => {
      const durationMs = performance.now() - startedAt;
      const route = routeOf(request, response);
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.observe({ method: request.method, route, status }, durationMs);
      if (!log.isLevelEnabled('debug')) return;
      log.debug({ requestId, method: request.method, route, status, durationMs }, 'request');
    });
    next();
  };
}

/** The pattern of the route that answered, never the path itself: labels of a metric must stay few. */
function routeOf(request: Request, response: Response): string {
  // Express types both as any: the route is absent where none matched, and what is mounted says its own name.
  const mounted = response.locals['route'] as string | undefined;
  const route = request.route as { path?: unknown } | undefined;
  return mounted ?? (typeof route?.path === 'string' ? route.path : 'unmatched');
}
