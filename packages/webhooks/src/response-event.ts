import {
  isTerminal,
  matchesEvent,
  responseIdOf,
  responseStatusOf,
  type JobRecord,
  type ResponseEvent,
} from '@sluice/contracts';

/** Of a record what says how it ended as a response. */
type Ended = Pick<JobRecord, 'jobId' | 'state' | 'result' | 'endedAtMs' | 'response'>;

/**
 * The event of an ended background response in OpenAI's form, for an endpoint that asks for such events by name; `undefined`
 * where there is none. `*` and `*.failed` ask for the event of the job: nobody is told of one end twice.
 * @see https://platform.openai.com/docs/api-reference/webhook-events
 */
export function responseEvent(
  job: Ended,
  eventId: string,
  patterns: readonly string[],
): ResponseEvent | undefined {
  if (!job.response?.background || !isTerminal(job.state)) return undefined;
  const type = `response.${responseStatusOf({ ...job, state: job.state })}` as const;
  const asks = patterns.some(
    (pattern) => pattern.startsWith('response.') && matchesEvent(pattern, type),
  );
  if (!asks) return undefined;
  return {
    id: eventId,
    object: 'event',
    created_at: Math.floor((job.endedAtMs ?? 0) / 1_000),
    type,
    data: { id: responseIdOf(job.jobId) },
  };
}
