import type {
  ErrorCode,
  JobState,
  JobType,
  JobView,
  ResumeJob,
  SubmitJobInput,
} from '@sluice/contracts';

import { SluiceClientError } from './client-error.ts';
import {
  followEvents,
  textOfEvents,
  type FollowOptions,
  type JobEvent,
  type TextPiece,
} from './follow-events.ts';
import { readPages } from './pages.ts';
import { readJson, type Send } from './send-request.ts';

export interface SubmitOptions {
  /** The same key with the same body is the same job. Made for you, so that a try that is sent again is one job. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface WaitOptions {
  /** How long to wait at most, milliseconds; by default until the job has ended. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ListJobs {
  state?: JobState;
  type?: JobType;
  /** A model's or an app's name. */
  model?: string;
  batch_id?: string;
  error_code?: ErrorCode;
  /** Jobs a page; all pages are read in turn. */
  limit?: number;
}

/** A job that streams, and what is told of it from its accept on. */
export interface JobStream extends AsyncIterable<JobEvent> {
  id: string;
  /** Its text while it is made. Events and text are of one connection: read one of them. */
  text(): AsyncIterable<TextPiece>;
  /** The job as it ended: of whichever of both was read, else of a connection of its own. */
  done(): Promise<JobView>;
}

/** The longest that the server keeps one request open, seconds. */
const longPollSeconds = 30;

export type Jobs = ReturnType<typeof createJobs>;

/** Jobs: see the methods. All reject with {@link SluiceClientError}, or with the reason of their `signal`. */
export function createJobs(send: Send) {
  return {
    /** Accepts a job: what comes back is queued and will not be lost. */
    submit: async (job: SubmitJobInput, options: SubmitOptions = {}): Promise<JobView> =>
      await submit(send, job, options),
    /** Waits until the job has ended, however: look at `state`. `wait_over` when the time is up; the job goes on. */
    wait: async (id: string, options: WaitOptions = {}): Promise<JobView> =>
      await wait(send, id, options),
    /** Submits a job and waits for its result; `job_failed` when it ends without one. */
    async run(job: SubmitJobInput, options: SubmitOptions & WaitOptions = {}): Promise<JobView> {
      const { id } = await submit(send, job, options);
      return completed(await wait(send, id, options));
    },
    /** Submits a chat or workflow job that streams its answer. */
    async stream(
      job: Extract<SubmitJobInput, { type: 'chat' | 'workflow' }>,
      options: SubmitOptions = {},
    ): Promise<JobStream> {
      const { id } = await submit(send, { ...job, stream: true }, options);
      return streamOf(send, id, options.signal);
    },
    /** Everything that happens to the job, from the begin or after an event on, until it has ended. */
    events: (id: string, options: FollowOptions = {}): AsyncGenerator<JobEvent, void> =>
      followEvents(send, id, options),
    /** Every job that fits, the newest first, page after page. */
    list: (filter: ListJobs = {}): AsyncGenerator<JobView, void> =>
      readPages<JobView>(send, '/v1/jobs', { ...filter }),
    ...actsOnOne(send),
  };
}

function actsOnOne(send: Send) {
  return {
    get: async (id: string): Promise<JobView> =>
      await readJson(send({ method: 'GET', path: pathOf(id) })),
    cancel: async (id: string): Promise<JobView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/cancel'), repeatable: true })),
    /** Runs a job that failed, was cancelled or expired once more. */
    retry: async (id: string): Promise<JobView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/retry') })),
    /** Answers the form of a paused run. */
    resume: async (id: string, answer: ResumeJob): Promise<JobView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/resume'), body: answer })),
    /** Erases the request and the result of a job that has ended. */
    async delete(id: string): Promise<void> {
      await send({ method: 'DELETE', path: pathOf(id) });
    },
  };
}

function pathOf(id: string, act = ''): string {
  return `/v1/jobs/${encodeURIComponent(id)}${act}`;
}

async function submit(
  send: Send,
  job: SubmitJobInput,
  { idempotencyKey = crypto.randomUUID(), signal }: SubmitOptions,
): Promise<JobView> {
  const headers = { 'Idempotency-Key': idempotencyKey };
  const request = { path: '/v1/jobs', body: job, headers, repeatable: true, signal };
  return await readJson(send({ method: 'POST', ...request }));
}

async function wait(
  send: Send,
  id: string,
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions,
): Promise<JobView> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const leftSeconds = Math.ceil((endsAt - performance.now()) / 1_000);
    const seconds = Math.max(0, Math.min(longPollSeconds, leftSeconds));
    const query = { wait: seconds };
    const request = { path: pathOf(id), query, timeoutMs: (seconds + 30) * 1_000, signal };
    // One poll after the other.
    // oxlint-disable-next-line no-await-in-loop
    const job = await readJson<JobView>(send({ method: 'GET', ...request }));
    if (job.ended_at !== undefined) return job;
    if (performance.now() >= endsAt) {
      const why = `${id} is ${job.state} after ${timeoutMs} ms; it goes on`;
      throw new SluiceClientError('wait_over', why, { job });
    }
  }
}

/** @throws SluiceClientError `job_failed` with the job, unless it has a result. */
function completed(job: JobView): JobView {
  if (job.state === 'completed') return job;
  const why = job.error ? `${job.error.code}: ${job.error.message}` : job.state;
  throw new SluiceClientError('job_failed', `${job.id} ${why}`, { job });
}

function streamOf(send: Send, id: string, signal: AbortSignal | undefined): JobStream {
  let ended: JobView | undefined;
  let last: string | undefined;
  const events = async function* (): AsyncGenerator<JobEvent, void> {
    for await (const event of followEvents(send, id, { after: last, signal })) {
      last = event.id;
      ended = event.job ?? ended;
      yield event;
    }
  };
  return {
    id,
    [Symbol.asyncIterator]: events,
    text: () => textOfEvents(events()),
    async done() {
      if (!ended) for await (const _ of events());
      if (!ended) throw new SluiceClientError('bad_answer', `${id} ended without its job`);
      return completed(ended);
    },
  };
}
