import type { JobResult, JobView } from '@sluice/contracts';

/** A job for people: what it is and how it stands in one line, then why it waits or what it came to. */
export function describeJob(job: JobView): string {
  return [jobLine(job), ...waiting(job), ...answer(job.result)].join('\n');
}

export function jobLine({ id, state, type, model, app, created_at: at, error }: JobLine): string {
  const what = `${type} ${model ?? app ?? ''}`.trim();
  const why = error ? `  ${error.code}: ${error.message}` : '';
  return `${id}  ${state.padEnd(11)}  ${what.padEnd(24)}  ${at}${why}`;
}

type JobLine = Pick<JobView, 'id' | 'state' | 'type' | 'model' | 'app' | 'created_at' | 'error'>;

/** Tokens, cost and time of an ended job; empty where nothing is known. */
export function describeCost({ usage, cost_usd: cost, latency_ms: ms, cache }: JobView): string {
  return [
    ...(ms === undefined ? [] : [`${(ms / 1_000).toFixed(1)} s`]),
    ...(usage ? [`${usage.total_tokens} tokens`] : []),
    ...(cost === undefined ? [] : [cost === 'unknown' ? 'cost unknown' : `$${cost}`]),
    ...(cache?.status === 'hit' ? ['from the cache'] : []),
  ].join(', ');
}

function waiting({ position, estimated_start: start, waiting_on: on }: JobView): string[] {
  return [
    ...(on ? [`waits for ${on.limit} until ${on.resets_at}`] : []),
    ...(position === undefined ? [] : [`place ${position}${start ? `, starts ${start}` : ''}`]),
  ];
}

function answer(result: JobResult | undefined): string[] {
  if (!result) return [];
  if (result.type === 'chat' && result.message.content !== null) return [result.message.content];
  if (result.type === 'workflow' && result.answer !== undefined) return [result.answer];
  if (result.type === 'transcription') return [result.text];
  return [JSON.stringify(result, undefined, 2)];
}
