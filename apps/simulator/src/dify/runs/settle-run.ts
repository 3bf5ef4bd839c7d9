import type { Exchange } from '../../server/exchange.ts';
import type { Run } from './run.ts';

/** Books a run that came to its end: stopped = aborted, anything else was bought. */
export function settleRun(exchange: Exchange, run: Run): void {
  const { entry } = exchange.call.ledger;
  entry.runId = run.id;
  entry.runStatus = run.status;
  exchange.settle(run.status === 'stopped' ? 'aborted' : 'bought', { ...run.usage });
}

/** Waits until the run is final or pauses, or its client leaves. */
export async function waitForRun(exchange: Exchange, run: Run): Promise<void> {
  while (run.status === 'running' && exchange.open) {
    await run.waitForChange(run.events.length, Infinity, exchange.signal);
  }
}
