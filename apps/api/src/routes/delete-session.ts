import type { Request, Response } from 'express';

import { SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';

/**
 * `DELETE /v1/sessions/:id`: forgets what was said in a session (`session_id`) of the tenant, with every model and user, and
 * which conversations of apps it goes on with. 404 when nothing is kept of it.
 */
export function deleteSessionRoute({ records }: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const sessionId = String(request.params['id']);
    const { tenantId } = callerOf(response);
    if (!(await records.forgetSession({ tenantId, sessionId }))) {
      const message = `nothing is kept of a session "${sessionId.slice(0, 120)}"`;
      throw new SluiceError('not_found', message, { param: 'id' });
    }
    const body = { id: sessionId, object: 'session', deleted: true };
    replyJson(response, 200, JSON.stringify(body));
  };
}
