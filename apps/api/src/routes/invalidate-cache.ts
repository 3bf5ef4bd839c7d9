import type { Request, Response } from 'express';

import { namesOf, sharedScope } from '@sluice/cache';
import { invalidateCache, SluiceError, type InvalidateCache } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';

/**
 * `POST /v1/cache/invalidate`: replies with this tag, of this model or app, or all of the tenant's, answer nobody any more.
 * At once and in the same time however many they are; those whose calls are under way are not kept either.
 */
export function invalidateCacheRoute({ cache }: Pick<ApiDeps, 'cache'>) {
  return async (request: Request, response: Response): Promise<void> => {
    const what = await parseBody(request, invalidateCache);
    const { tenantId, scopes } = callerOf(response);
    if (what.scope === 'shared' && !scopes.has('admin')) {
      const message = 'scope: only a key with the scope "admin" invalidates what all tenants share';
      throw new SluiceError('insufficient_scope', message, { param: 'scope' });
    }
    await cache.invalidate(what.scope === 'shared' ? sharedScope : tenantId, nameOf(what));
    const answer = { object: 'cache.invalidation', scope: 'tenant', ...what, invalidated: true };
    replyJson(response, 200, JSON.stringify(answer));
  };
}

function nameOf({ tag, model, app }: InvalidateCache): string {
  const [all, ofName, ofTag = all] = namesOf(
    app === undefined ? 'model' : 'workflow',
    app ?? model ?? '',
    tag === undefined ? [] : [tag],
  );
  if (tag !== undefined) return ofTag;
  return model === undefined && app === undefined ? all : ofName;
}
