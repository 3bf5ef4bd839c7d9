import type { JobEnding } from '@sluice/contracts';
import { eventIdOf } from '@sluice/webhooks';

import type { TestApi } from './start-test-api.ts';

export const completed: JobEnding = {
  state: 'completed',
  result: {
    type: 'chat',
    message: { role: 'assistant', content: 'hello' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  },
  usage: { input_tokens: 8, output_tokens: 4, total_tokens: 12, source: 'provider' },
  costUsd: '0.000100',
  cache: { status: 'miss' },
};

/** Plays the worker: ends the job, as completed if nothing else is said. */
export async function endJob(
  { records }: Pick<TestApi, 'records'>,
  jobId: string,
  ending: JobEnding = completed,
): Promise<void> {
  await records.begin(jobId);
  await records.finish(jobId, ending, eventIdOf(jobId));
}
