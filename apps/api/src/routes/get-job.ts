import type { Request, Response } from 'express';

import { isTerminal } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { jobIdOf, ownJob } from '../find-job.ts';
import { goneSignal, maxWaitSeconds } from '../http/long-poll.ts';
import { oneOf, readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { endedHeaders } from '../view/ended-headers.ts';
import { jobView } from '../view/job-view.ts';
import { placeInLine } from '../view/place-in-line.ts';
import { waitForJob } from '../wait-for-job.ts';

/** Most events of a timeline in one answer; the timeline keeps about as many. */
const maxTimelineEvents = 1_000;

/**
 * `GET /v1/jobs/:id`: the job as it is now; while it is queued, with its position and its estimated start.
 *
 * - `wait=N` (0 to 60): answers when the job has ended, or after N seconds with the job as it is then.
 * - `include=timeline`: with the events of its life.
 */
export function getJobRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, ['wait', 'include']);
    const range = { from: 0, to: maxWaitSeconds };
    const waitMs = wholeNumber('wait', query.wait ?? '0', range) * 1_000;
    if (query.include !== undefined) oneOf('include', query.include, ['timeline']);

    const id = jobIdOf(request);
    const { tenantId } = callerOf(response);
    const gone = goneSignal(response, deps.closing);
    const found =
      waitMs === 0
        ? await deps.records.readWithoutInput(id)
        : await waitForJob(id, { waitMs, gone }, deps);
    const job = ownJob(id, tenantId, found);
    const view = {
      ...jobView(job, deps.config.jobs, deps.clock.now()),
      ...(await placeInLine(job, deps)),
    };
    if (query.include === 'timeline') {
      view.timeline = await deps.records.timeline(id, { limit: maxTimelineEvents });
    }
    replyJson(
      response,
      200,
      JSON.stringify(view),
      isTerminal(view.state) ? endedHeaders(view) : {},
    );
  };
}
