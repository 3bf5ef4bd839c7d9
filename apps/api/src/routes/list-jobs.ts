import type { Request, Response } from 'express';

import { errorCodeNames, jobStates, jobTypes } from '@sluice/contracts';
import type { JobFilter } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { oneOf, readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { jobView } from '../view/job-view.ts';

const defaultLimit = 20;
const maxLimit = 100;

/**
 * `GET /v1/jobs`: the tenant's jobs, newest first, without their results. Children of batches are listed only with
 * `batch_id`, in the order of the batch. Filters: `state`, `type`, `model` (a model's or an app's name), `error_code`, `batch_id`.
 * `limit` is 20 by default and 100 at most. A page may be short, even empty: only `has_more: false` ends the list. The
 * next page is asked for with `after=<next_cursor>`.
 */
export function listJobsRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId } = callerOf(response);
    const page = await deps.records.list(tenantId, readFilter(request));
    const body = {
      object: 'list',
      data: page.records.map((record) => jobView(record, deps.config.jobs)),
      has_more: page.nextCursor !== undefined,
      next_cursor: page.nextCursor ?? null,
    };
    replyJson(response, 200, JSON.stringify(body));
  };
}

function readFilter(request: Request): JobFilter {
  const names = ['state', 'type', 'model', 'error_code', 'batch_id', 'limit', 'after'] as const;
  const query = readQuery(request, names);
  return {
    ...(query.state !== undefined && { state: oneOf('state', query.state, jobStates) }),
    ...(query.type !== undefined && { type: oneOf('type', query.type, jobTypes) }),
    ...(query.model !== undefined && { model: query.model }),
    ...(query.error_code !== undefined && {
      errorCode: oneOf('error_code', query.error_code, errorCodeNames),
    }),
    ...(query.batch_id !== undefined && { batchId: query.batch_id }),
    ...(query.after !== undefined && { after: query.after }),
    limit: wholeNumber('limit', query.limit ?? String(defaultLimit), { from: 1, to: maxLimit }),
  };
}
