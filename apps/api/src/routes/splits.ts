import type { Request, Response } from 'express';

import { suggestName } from '@sluice/config';
import { SluiceError, splitControlRequests } from '@sluice/contracts';
import type { SplitView } from '@sluice/routing';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';

type SplitsDeps = Pick<ApiDeps, 'splits'>;

/** `GET /v1/splits`: every model or app with a split, the share of each arm, and which was rolled back, when and why. */
export function listSplitsRoute({ splits }: SplitsDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    await splits.refresh();
    const data = splits.view().map(splitView);
    replyJson(response, 200, JSON.stringify({ object: 'list', data }));
  };
}

/** `PATCH /v1/splits/:model` with `weights`: other weights than the configuration's, everywhere within a second. */
export function setSplitRoute(deps: SplitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const view = await splitOf(request, deps);
    const { weights } = await parseBody(request, splitControlRequests.set);
    for (const arm of Object.keys(weights)) checkArm(view, arm, `weights.${arm}`);
    const next = view.split.arms.map(({ model, weight }) => weights[model] ?? weight);
    if (next.every((weight) => weight === 0)) {
      throw refusal('weights', 'all arms would have the weight 0; one at least must have more');
    }
    await deps.splits.setWeights(view.name, weights);
    replySplit(view.name, response, deps);
  };
}

/** `POST /v1/splits/:model/rollback` with `arm` and an optional `reason`: its share goes to the first arm. */
export function rollBackSplitRoute(deps: SplitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const view = await splitOf(request, deps);
    const { arm, reason } = await parseBody(request, splitControlRequests.rollBack);
    checkArm(view, arm, 'arm');
    if (arm === view.split.arms[0].model) {
      throw refusal('arm', `"${arm}" is the first arm, which gets the share of the others`);
    }
    await deps.splits.rollBack(view.name, arm, reason);
    replySplit(view.name, response, deps);
  };
}

/** `POST /v1/splits/:model/resume` with `arm`: it has its share again, and calls count from now. */
export function resumeSplitRoute(deps: SplitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const view = await splitOf(request, deps);
    const { arm } = await parseBody(request, splitControlRequests.resume);
    checkArm(view, arm, 'arm');
    await deps.splits.resume(view.name, arm);
    replySplit(view.name, response, deps);
  };
}

/** `POST /v1/splits/:model/reset`: every arm has the configuration's share again; its calls count from now. */
export function resetSplitRoute(deps: SplitsDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { name } = await splitOf(request, deps);
    await deps.splits.reset(name);
    replySplit(name, response, deps);
  };
}

async function splitOf(request: Request, { splits }: SplitsDeps): Promise<SplitView> {
  const name = String(request.params['model']);
  await splits.refresh();
  const views = splits.view();
  const found = views.find((view) => view.name === name);
  if (found) return found;
  const hint = suggestName(
    name,
    views.map((view) => view.name),
  );
  const message = `there is no model or app "${name.slice(0, 80)}" with a split; ${hint}`;
  throw new SluiceError('not_found', message, { param: 'model' });
}

function checkArm({ name, split }: SplitView, arm: string, param: string): void {
  const known = split.arms.map(({ model }) => model);
  if (known.includes(arm)) return;
  throw refusal(param, `"${arm}" is no arm of "${name}"; ${suggestName(arm, known)}`);
}

function refusal(param: string, problem: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${problem}`, { param });
}

function replySplit(name: string, response: Response, { splits }: SplitsDeps): void {
  const found = splits.view().find((view) => view.name === name);
  if (!found) throw new SluiceError('not_found', `the split "${name}" is gone`, { param: 'model' });
  replyJson(response, 200, JSON.stringify(splitView(found)));
}

function splitView({ name, split, isSet, rolledBack }: SplitView) {
  const total = split.arms.reduce((sum, { weight }) => sum + weight, 0);
  return {
    id: name,
    object: 'split',
    sticky_by: split.stickyBy,
    weights: isSet ? 'set' : 'configured',
    arms: split.arms.map(({ model, weight }) => {
      const rollback = rolledBack.get(model);
      return {
        model,
        weight,
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
