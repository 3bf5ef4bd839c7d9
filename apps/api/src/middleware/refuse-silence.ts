import type { RequestHandler } from 'express';

import type { ApiDeps } from '../deps.ts';

/**
 * Answers 503 at once while Redis leaves questions unanswered: whatever a route asked it now would only wait, and pile up.
 * Where the connection is gone, the routes' own commands fail as fast.
 */
export function refuseSilence({ redisWatch }: Pick<ApiDeps, 'redisWatch'>): RequestHandler {
  return (_request, _response, next) => {
    redisWatch.assertAnswers();
    next();
  };
}
