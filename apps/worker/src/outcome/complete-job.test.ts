import type { ChatResult } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { completeJob } from './complete-job.ts';
import type { Plan } from '../begin/plan-job.ts';

const price = { inputPerMillion: 1_000, outputPerMillion: 1_000 };
const target = (model: string) => ({
  provider: { name: 'p' },
  model,
  price,
  lane: `lane-${model}`,
  facts: {},
});

/** A chat at the first of its steps; `lax` is where filtered prompts go. */
function planOf(contentFilter: boolean | object[]): Plan {
  const steps = [{ target: target('strict'), group: 'any' }];
  const itinerary = {
    steps: contentFilter ? [...steps, { target: target('lax'), group: 'contentFilter' }] : steps,
    first: 0,
    rules: { allowDearer: false, contextWindow: true, contentFilter },
  };
  const record = {
    jobId: 'job_1',
    tenantId: 'acme',
    type: 'chat',
    model: 'm',
    priority: 'normal',
    input: { messages: [{ role: 'user', content: 'Hello' }] },
    attempts: [],
    calls: 0,
    targetIndex: 0,
  };
  // Only what an outcome is made of.
  return { record, itinerary, route: { name: 'm' }, target: steps[0]?.target } as unknown as Plan;
}

const times = { started_at_ms: 1, ended_at_ms: 2 };
const attempt = { number: 1, provider: 'p', model: 'strict', ...times } as const;

function bought(unified: ChatResult['finish_reason']['unified']) {
  const result: ChatResult = {
    type: 'chat',
    message: { role: 'assistant', content: 'I would rather' },
    finish_reason: { unified, raw: unified },
  };
  const usage = {
    input_tokens: 10,
    output_tokens: 10,
    total_tokens: 20,
    source: 'provider',
  } as const;
  const ended = { ...attempt, outcome: 'succeeded' } as const;
  return { ok: true, attempt: ended, result, usage, costUsd: undefined } as const;
}

test('an answer that the filter of its upstream cut off goes where filtered prompts go, and is paid for', async () => {
  const outcome = await completeJob(planOf([{}]), bought('content_filter'));
  expect(outcome).toMatchObject({
    kind: 'fallback',
    targetIndex: 1,
    lane: 'lane-lax',
    moves: [{ model: 'strict', reason: 'content_filtered', attempts: 1 }],
    attempt: { outcome: 'failed', error: { code: 'content_filtered' }, cost_usd: '0.020000' },
    entry: { outcome: 'succeeded', costUsd: '0.02', call: 1 },
  });
});

test('without such a place it is the result, as is any other answer', async () => {
  for (const [contentFilter, reason] of [
    [false, 'content_filter'],
    [[{}], 'stop'],
  ] as const) {
    const outcome = await completeJob(planOf(contentFilter as never), bought(reason));
    expect(outcome).toMatchObject({ kind: 'ended', ending: { state: 'completed' } });
  }
});
