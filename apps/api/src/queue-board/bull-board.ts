import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Router } from 'express';

import type { ApiDeps } from '../deps.ts';

/** Bull Board's pages of these queues, for a router that is mounted at `basePath`; they offer no action. */
export function createBoard(queues: ReturnType<ApiDeps['lanes']['all']>, basePath: string): Router {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.map(
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
  return adapter.getRouter();
}
