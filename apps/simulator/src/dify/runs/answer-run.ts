import type { Exchange } from '../../server/exchange.ts';
import type { Reply } from '../../server/call.ts';
import { followRun } from './follow-run.ts';
import type { Run } from './run.ts';

/** How a run is carried out and told. */
export type RunPlan = {
  streaming: boolean;
  /** Carries the run out. It never throws. */
  execute(): Promise<void>;
  /** The blocking answer once the run is final or paused. */
  describe(): Reply;
  /** Books the call once the run is final. */
  settle(): void;
};

/** Starts a run and answers its caller, each at its own pace. */
export async function answerRun(exchange: Exchange, run: Run, plan: RunPlan): Promise<void> {
  const { settings, draw } = run.behaviour;
  await run.work(
    draw(plan.streaming ? (settings.firstByteMs ?? settings.latencyMs) : settings.latencyMs),
  );
  const execution = plan.execute().then(plan.settle);
  if (plan.streaming) await followRun(exchange, run, { from: 'all', continueOnPause: false });
  else {
    await waitForRun(exchange, run);
    await exchange.reply(plan.describe());
  }
  await execution;
}

/** Books a run that does not need its caller: stopped = aborted, anything else was bought. */
export function settleRun(exchange: Exchange, run: Run): void {
  const { entry } = exchange.call.ledger;
  entry.runId = run.id;
  entry.runStatus = run.status;
  exchange.settle(run.status === 'stopped' ? 'aborted' : 'bought', { ...run.usage });
}

/** Waits until the run is final or pauses, or its client leaves. */
async function waitForRun(exchange: Exchange, run: Run): Promise<void> {
  while (run.status === 'running' && exchange.open) {
    await run.waitForChange(run.events.length, Infinity, exchange.signal);
  }
}
