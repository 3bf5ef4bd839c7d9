import type { Request, Response } from 'express';

import { suggestName } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import type { SplitView } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';

type SplitsDeps = Pick<ApiDeps, 'splits'>;

/** `GET /v1/splits`: every model with a split, the share of each arm, and which was rolled back, when and why. */
export function listSplitsRoute({ splits }: SplitsDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    await splits.refresh();
    const data = splits.view().map(splitView);
    replyJson(response, 200, JSON.stringify({ object: 'list', data }));
  };
}

/** `POST /v1/splits/:model/reset`: every arm has its share again, everywhere within a second; its calls count from now. */
export function resetSplitRoute({ splits }: SplitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const name = String(request.params['model']);
    const found = (await splits.reset(name)) && splits.view().find((view) => view.name === name);
    if (!found) throw unknownSplit(name, splits.view());
    replyJson(response, 200, JSON.stringify(splitView(found)));
  };
}

function unknownSplit(name: string, views: readonly SplitView[]): SluiceError {
  const hint = suggestName(
    name,
    views.map((view) => view.name),
  );
  const message = `there is no model "${name.slice(0, 80)}" with a split; ${hint}`;
  return new SluiceError('not_found', message, { param: 'model' });
}

function splitView({ name, split, rolledBack }: SplitView) {
  const total = split.arms.reduce((sum, { weight }) => sum + weight, 0);
  return {
    id: name,
    object: 'split',
    sticky_by: split.stickyBy,
    arms: split.arms.map(({ model, weight }) => {
      const rollback = rolledBack.get(model);
      return {
        model,
        share: weight / total,
        state: rollback ? 'rolled_back' : 'in_force',
        ...(rollback && {
          rolled_back_at: new Date(rollback.atMs).toISOString(),
          reason: rollback.reason,
        }),
      };
    }),
  };
}
