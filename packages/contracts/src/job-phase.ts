/**
 * What every moment of a job's life is spent on, from accept to end:
 *
 * | phase       | the job                                                                                   |
 * |-------------|-------------------------------------------------------------------------------------------|
 * | scheduled   | is not due yet                                                                             |
 * | queued      | waits for its turn in its lane                                                             |
 * | limited     | had its turn and found a limit without room, a closed lane or an open breaker              |
 * | retrying    | waits after a failed attempt, for the pause and for its next turn                          |
 * | running     | is worked on: one attempt; of a batch, its children are                                    |
 * | paused      | waits for a person                                                                         |
 * | interrupted | was in the hands of a worker that went away, until the next one took it                    |
 * | ended       | had ended, until somebody retried it                                                       |
 */
export const jobPhases = [
  'scheduled',
  'queued',
  'limited',
  'retrying',
  'running',
  'paused',
  'interrupted',
  'ended',
] as const;
export type JobPhase = (typeof jobPhases)[number];
