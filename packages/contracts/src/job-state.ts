/**
 * The life of a job.
 *
 *   queued ──▶ in_progress ──▶ completed | failed
 *     │  ▲         │  ▲  │
 *     │  └─ wait ──┘  │  └──▶ paused (a workflow that asks a person; comes back to in_progress)
 *     │     retry     │
 *     └──────────────▶ cancelled | expired (also from in_progress and paused)
 *
 * | from        | to                                             | who moves it                                   |
 * |-------------|------------------------------------------------|------------------------------------------------|
 * | queued      | in_progress                                    | begin-job.lua, when a worker takes the ticket  |
 * | in_progress | in_progress                                    | begin-job.lua, after the first worker died     |
 * | in_progress | queued                                         | requeue-job.lua, on wait, retry and fallback   |
 * | in_progress | paused                                         | pause-job.lua, when the run asks a person      |
 * | paused      | queued                                         | resume-job.lua, with the person's answer       |
 * | paused      | in_progress                                    | begin-job.lua, to look whether it still waits  |
 * | any live    | completed, failed, cancelled, expired          | finish-job.lua, exactly once                   |
 * | terminal    | nothing                                        | a second finish is a no-op that says so        |
 * | failed, cancelled, expired | queued                          | retry-job.lua, when somebody asks for it       |
 */
export const jobStates = [
  'queued',
  'in_progress',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type JobState = (typeof jobStates)[number];

export const terminalStates = ['completed', 'failed', 'cancelled', 'expired'] as const;
export type TerminalState = (typeof terminalStates)[number];

export function isTerminal(state: JobState): state is TerminalState {
  return (terminalStates as readonly JobState[]).includes(state);
}
