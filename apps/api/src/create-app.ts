import express, { type Express, type RequestHandler } from 'express';

import type { ApiDeps } from './deps.ts';
import { appInPath } from './dify/app-in-path.ts';
import { authenticate } from './middleware/authenticate.ts';
import { handleErrors, writeErrorsAs } from './middleware/handle-error.ts';
import { refuseSilence } from './middleware/refuse-silence.ts';
import { refuseMethod, refusePath } from './middleware/refuse-unknown.ts';
import { trackRequests } from './middleware/track-request.ts';
import { apiRoutes } from './routes.ts';
import { queueBoard, queueBoardPath } from './routes/queue-board.ts';

/**
 * The Express application, without a server. Its routes are those of `routes.ts`, in that order: the accept path first,
 * before any middleware that it does not need.
 */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.set('query parser', 'simple');

  app.use(trackRequests(deps));
  app.use(appInPath);
  const withKey = authenticate(deps);
  for (const { method, path, access, errors, handler } of apiRoutes) {
    const handlers: RequestHandler[] = [
      ...(errors ? [writeErrorsAs(errors)] : []),
      ...(access === 'open' ? [] : [refuseSilence(deps), withKey(access)]),
      handler(deps),
    ];
    app[method](path, ...handlers);
  }
  for (const [path, of] of Map.groupBy(apiRoutes, (route) => route.path)) {
    // One handler for all methods: `app.all` has one for each that Node.js knows, which took a start longer than all else here.
    app.route(path).all(refuseMethod(of.map(({ method }) => method.toUpperCase())));
  }
  app.use(queueBoardPath, queueBoard(deps));
  app.use(refusePath);
  app.use(handleErrors(deps.log));
  return app;
}
