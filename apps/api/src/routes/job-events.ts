import type { Request, Response } from 'express';

import { isTerminal, SluiceError, type JobView, type TimelineEvent } from '@sluice/contracts';
import { positionOf, type EventPosition } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import type { FollowedPage } from '../events/job-follower.ts';
import { findJob, jobIdOf } from '../find-job.ts';
import { openEventStream } from '../http/event-stream.ts';
import { goneSignal } from '../http/long-poll.ts';
import { readQuery } from '../http/query.ts';
import { requestIdOf } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { jobView } from '../view/job-view.ts';

/** After this long the client comes back and shows its key again; it loses nothing by it. */
const maxStreamMs = 3_600_000;

/**
 * `GET /v1/jobs/:id/events`: what happens to the job, as server-sent events, from the begin on or from `Last-Event-ID` (or
 * `after`), until it has ended; the last event carries the job as it ended, with its result. 204, which keeps an EventSource
 * from coming back, where the job has ended and there is nothing left to tell.
 */
export function jobEventsRoute(deps: ApiDeps) {
  const textOf = pageWriter(deps);
  return async (request: Request, response: Response): Promise<void> => {
    const after = startOf(request);
    const id = jobIdOf(request);
    const job = await findJob(id, callerOf(response).tenantId, deps);
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'X-Request-Id': requestIdOf(response) }).end();
      return;
    }
    const stop = AbortSignal.any([
      goneSignal(response, deps.closing),
      AbortSignal.timeout(maxStreamMs),
    ]);
    const pages = deps.follower.follow(id, { after, signal: stop });
    const first = isTerminal(job.state) ? await pages.next() : undefined;
    if (first?.value?.ended && first.value.events.length === 0) {
      response.writeHead(204, { 'X-Request-Id': requestIdOf(response) }).end();
      return;
    }
    const stream = openEventStream(response, stop);
    try {
      if (first?.value) await stream.write(textOf(first.value));
      for await (const page of pages) await stream.write(textOf(page));
    } finally {
      stream.end();
    }
  };
}

/**
 * A browser sends Last-Event-ID by itself when it comes back; one that no event can have counts as none, because the whole is
 * a safe answer to it.
 * @throws SluiceError `invalid_request` for an `after` that is no event's id.
 */
function startOf(request: Request): EventPosition | undefined {
  const { after } = readQuery(request, ['after']);
  const header = request.headers['last-event-id'];
  if (header !== undefined) return positionOf(String(header));
  if (after === undefined) return undefined;
  const position = positionOf(after);
  if (position) return position;
  throw new SluiceError(
    'invalid_request',
    `after: must be the id of an event, as "3" or "3.17"; got "${after.slice(0, 80)}"`,
    { param: 'after' },
  );
}

/** Pages as text. A page is the same object for all who read it at once, and is written out once for all of them. */
function pageWriter({ config }: Pick<ApiDeps, 'config'>): (page: FollowedPage) => string {
  const written = new WeakMap<FollowedPage, string>();
  return (page) => {
    let text = written.get(page);
    if (text === undefined) {
      const { ended, events } = page;
      const end = events.findLastIndex(({ type }) => type === ended?.state);
      const job = ended && jobView(ended, config.jobs);
      text = events.map((event, i) => frameOf(i === end ? { ...event, job } : event)).join('');
      written.set(page, text);
    }
    return text;
  };
}

/** JSON has no line breaks, so one `data` line is enough. */
function frameOf(event: TimelineEvent & { job?: JobView | undefined }): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
