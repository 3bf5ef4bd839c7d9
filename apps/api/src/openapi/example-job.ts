import type { CompletedJob } from '@sluice/contracts';

/** A chat that has completed: what the answers of the vendors' routes are shown with. */
export const completedChat: CompletedJob = {
  jobId: 'job_01kbg3v0x2q7h5m9n4p6r8t0w200',
  tenantId: 'default',
  type: 'chat',
  model: 'sim-chat',
  priority: 'normal',
  lane: 'simulator',
  createdAtMs: 1_795_773_600_000,
  startByMs: 1_795_773_900_000,
  deadlineMs: 1_795_777_200_000,
  attemptTimeoutMs: 600_000,
  cacheMode: 'default',
  state: 'completed',
  attempts: [],
  targetIndex: 0,
  interruptions: 0,
  calls: 1,
  retries: 0,
  result: {
    type: 'chat',
    message: { role: 'assistant', content: 'Hello!' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  },
  usage: { input_tokens: 8, output_tokens: 3, total_tokens: 11, source: 'provider' },
};
