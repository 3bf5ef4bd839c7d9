/**
 * How a call ended, from the upstream's side.
 *
 * | outcome  | meaning                                                                              |
 * |----------|--------------------------------------------------------------------------------------|
 * | open     | not decided yet                                                                      |
 * | bought   | a complete answer was produced and is billed; a Dify run that came to its own end,   |
 * |          | whether or not the client was still there                                            |
 * | aborted  | the client left midway, or the run was stopped; tokens are what was produced so far  |
 * | fault    | an injected fault kept the caller from the answer; tokens as for aborted             |
 * | limited  | answered 429 by a limit                                                              |
 * | rejected | answered 4xx: key, route or request is wrong                                         |
 * | served   | a call that costs nothing (models, run detail, stop, …) was answered                 |
 */
export type Outcome = 'open' | 'bought' | 'aborted' | 'fault' | 'limited' | 'rejected' | 'served';

/** What one call cost. */
export type Usage = { inputTokens: number; outputTokens: number; costUsd: number };

/** One call as the upstream saw it. */
export type LedgerEntry = {
  /** 1, 2, 3, … in order of arrival. */
  readonly seq: number;
  /** Epoch milliseconds, with fractions, at which the request headers arrived. */
  readonly atMs: number;
  readonly dialect: string;
  /** What was called: chat, embedding, workflow, chat-message, completion-message, models, … */
  kind: string;
  /** Whether a call of this kind costs money and is limited. */
  paid: boolean;
  readonly method: string;
  readonly path: string;
  key: string | null;
  model: string | null;
  /** HTTP status sent; null when none was. */
  status: number | null;
  outcome: Outcome;
  /** Tokens charged to the token windows at admission. */
  reservedTokens: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number;
  /** SHA-256 of the request body, hex; null without a body. */
  bodySha256: string | null;
  /** Header `x-sluice-job-id`, else `metadata.job_id`, else `user` of the body. */
  jobTag: string | null;
  /** Arrival to end; null while open. For a Dify run the end of the run. */
  durationMs: number | null;
  /** Kind of the injected fault that hit the call. */
  fault: string | null;
  /** Dify run id and the status it ended with. */
  runId: string | null;
  runStatus: string | null;
};
