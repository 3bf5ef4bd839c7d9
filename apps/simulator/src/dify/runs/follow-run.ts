import type { Exchange } from '../../server/exchange.ts';
import type { Run, RunEvent } from './run.ts';

/** Dify's keep-alive: an event name without data. */
export const PING = 'event: ping\n\n';

/** Which events a follower gets. */
export type Following = {
  /** `all` from the first event on, `live` from now on, `snapshot` = what started and ended so far and why it
   * waits, then live. */
  from: 'all' | 'live' | 'snapshot';
  /** Stay when the run pauses. */
  continueOnPause: boolean;
};

const SNAPSHOT_EVENTS = new Set(['workflow_started', 'node_started', 'node_finished']);

/**
 * Relays a run to one client: a ping, events as they come, pings in between, and the end of the
 * body after the last event. The client's leaving does not touch the run.
 * @see https://docs.dify.ai/api-reference/workflows/run-workflow
 */
export async function followRun(exchange: Exchange, run: Run, following: Following): Promise<void> {
  const { pingMs } = run.behaviour.settings.dify;
  exchange.startStream();
  await exchange.send(PING);
  let pingAt = exchange.clock.now() + pingMs;
  let cursor = await sendPast(exchange, run, following);
  while (exchange.open) {
    const event = run.events[cursor];
    if (event !== undefined) {
      await exchange.send(event.text);
      cursor += 1;
    } else if (run.isFinal || (run.status === 'paused' && !following.continueOnPause)) {
      await exchange.endStream();
    } else if (exchange.clock.now() >= pingAt) {
      await exchange.send(PING);
      pingAt = exchange.clock.now() + pingMs;
    } else {
      await run.waitForChange(cursor, pingAt - exchange.clock.now(), exchange.signal);
    }
  }
}

async function sendPast(exchange: Exchange, run: Run, { from }: Following): Promise<number> {
  if (from === 'all') return 0;
  const cursor = run.events.length;
  if (run.isFinal) {
    const last = run.events.findLast(({ name }) => name === 'workflow_finished');
    if (last !== undefined) await exchange.send(last.text);
    return cursor;
  }
  if (from === 'live') return cursor;
  for (const event of run.events.slice(0, cursor).filter(isInSnapshot)) {
    await exchange.send(event.text);
  }
  const pause = run.events.findLast(({ name }) => name === 'workflow_paused');
  if (run.status === 'paused' && pause !== undefined) await exchange.send(pause.text);
  return cursor;
}

function isInSnapshot({ name }: RunEvent): boolean {
  return SNAPSHOT_EVENTS.has(name);
}
