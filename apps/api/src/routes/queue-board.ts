import { Router, type NextFunction, type Request, type Response } from 'express';

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
  const router = Router();
  router.use(authenticatePage(deps, 'admin'), onlyReads, nameRoute, protectBoard, boardOf(deps));
  return router;
}

/** Loaded by the first who looks at it: a fifth of the API's start would be for a page that most never open. */
function boardOf({ lanes }: Pick<ApiDeps, 'lanes'>) {
  let loading: Promise<Router> | undefined;
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    loading ??= import('../queue-board/bull-board.ts').then(({ createBoard }) =>
      createBoard(lanes.all(), queueBoardPath),
    );
    const board = await loading;
    board(request, response, next);
  };
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
