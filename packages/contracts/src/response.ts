import type { ErrorData } from './errors.ts';
import type { JobState, TerminalState } from './job-state.ts';
import type { JobResult } from './job.ts';

/**
 * What a job keeps that was made as a response of OpenAI's API, beside what any job has. No text of the request is in it.
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export interface ResponseFacts {
  /** Nobody waits for it: it is polled, or told of by a webhook. */
  background?: true;
  /** The first message of the input is its `instructions`. */
  isInstructed?: true;
  /** The response that it goes on from. */
  previousId?: string;
}

/** Events that tell of a background response in OpenAI's form. */
export const responseEventTypes = [
  'response.completed',
  'response.failed',
  'response.cancelled',
  'response.incomplete',
] as const;
export type ResponseEventType = (typeof responseEventTypes)[number];

/** Body of such an event: thin, the response is fetched. */
export interface ResponseEvent {
  id: string;
  object: 'event';
  /** Unix seconds; when the job ended. */
  created_at: number;
  type: ResponseEventType;
  data: { id: string };
}

/** OpenAI's word for how an ended job ended as a response. */
export function responseStatusOf(job: {
  state: TerminalState;
  result?: JobResult;
  error?: Pick<ErrorData, 'code'>;
}): 'completed' | 'incomplete' | 'failed' | 'cancelled' {
  if (job.state === 'expired') return 'failed';
  if (job.error?.code === 'empty_reply') return 'incomplete';
  if (job.state !== 'completed') return job.state;
  const reason = job.result?.type === 'chat' ? job.result.finish_reason.unified : 'stop';
  return reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed';
}

/** `job_01k…` → `resp_01k…`. */
export function responseIdOf(jobId: string): string {
  return `resp_${jobId.replace(/^job_/, '')}`;
}

/** The job of a response's id; of a text that is none, one that is no job's either. */
export function jobIdOfResponse(responseId: string): string {
  return responseId.startsWith('resp_') ? `job_${responseId.slice('resp_'.length)}` : '';
}

/** Whether a job is live as a response: OpenAI knows no pause. */
export function liveResponseStatus(state: JobState): 'queued' | 'in_progress' {
  return state === 'queued' ? 'queued' : 'in_progress';
}
