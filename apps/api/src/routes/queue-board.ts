import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Router, type Request, type Response, type NextFunction } from 'express';

import type { ApiDeps } from '../deps.ts';
import { authenticatePage } from '../middleware/authenticate.ts';
import { protectPage } from '../middleware/protect-page.ts';
import { refuseMethod } from '../middleware/refuse-unknown.ts';

/** Where Bull Board is. */
export const queueBoardPath = '/admin/queues';

/**
 * Bull Board at `/admin/queues`, read-only: every lane, the batches and the webhook deliveries. Behind the admin key, as
 * bearer token or, for a browser, as the password of HTTP Basic with any user name. It shows tickets, which carry ids and
 * never a prompt or a secret. Read-only twice: the board offers no action, and no method that could be one gets to it.
 */
export function queueBoard(
  deps: Pick<ApiDeps, 'adminKey' | 'keyRing' | 'clock' | 'lanes'>,
): Router {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(queueBoardPath);
  createBullBoard({
    queues: deps.lanes.all().map(
      (queue) =>
        new BullMQAdapter(queue, {
          readOnlyMode: true,
          allowRetries: false,
          // Lanes of several shards have the same names.
          description: String(queue.opts.prefix),
        }),
    ),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Sluice' } },
  });
  const board: Router = adapter.getRouter();
  const router = Router();
  router.use(authenticatePage(deps, 'admin'), onlyReads, nameRoute, protectBoard, board);
  return router;
}

const refuseWrites = refuseMethod(['GET', 'HEAD']);

function onlyReads(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'GET' || request.method === 'HEAD') next();
  else refuseWrites(request, response, next);
}

/** The board's page asks for fonts from elsewhere; an admin's page has no business there. */
const protectBoard = protectPage({
  defaultSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
});

function nameRoute(_request: Request, response: Response, next: NextFunction): void {
  response.locals['route'] = queueBoardPath;
  next();
}
