import { once } from 'node:events';

import type { Response } from 'express';

import { requestIdOf } from './reply.ts';

export interface EventStreamTimes {
  /** Proxies give up connections on which nothing moves, the shortest of them after 30 s. */
  heartbeatMs: number;
  /** A client that takes nothing for this long is disconnected; it can come back and go on. */
  stalledMs: number;
  /** How long a client waits before it comes back; 0: it is not told, because there is nothing to come back to. */
  retryMs: number;
  /** What is sent when there is nothing to send, with its blank line. */
  heartbeat: string;
}

const usualTimes: EventStreamTimes = {
  heartbeatMs: 15_000,
  stalledMs: 30_000,
  retryMs: 1_000,
  heartbeat: ': heartbeat\n\n',
};

/** Server-sent events on their way to one client. */
export interface EventStream {
  /**
   * Writes events, and waits until the client has taken most of them, so that never more than one page waits for it. A client
   * that has gone, or takes nothing for `stalledMs`, is disconnected; what is written then is dropped.
   */
  write(text: string): Promise<void>;
  /** Ends the answer, if the client is still there. */
  end(): void;
}

/**
 * Begins an answer of server-sent events that no proxy may keep or store up. `stop` ends a wait for a slow client.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function openEventStream(
  response: Response,
  stop: AbortSignal,
  times: Partial<EventStreamTimes> & { headers?: Record<string, string> } = {},
): EventStream {
  const { heartbeatMs, stalledMs, retryMs, heartbeat } = { ...usualTimes, ...times };
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestIdOf(response),
    ...times.headers,
  });
  // Each event leaves at once, not when the system thinks that it is worth a packet.
  response.socket?.setNoDelay(true);
  response.write(retryMs > 0 ? `retry: ${retryMs}\n\n` : (times.heartbeat ?? ': open\n\n'));
  const beating = setInterval(() => {
    if (!response.writableNeedDrain) response.write(heartbeat);
  }, heartbeatMs);
  response.once('close', () => clearInterval(beating));
  return {
    async write(text) {
      if (response.destroyed || text === '' || response.write(text)) return;
      await drained(response, stop, stalledMs);
    },
    end() {
      clearInterval(beating);
      response.end();
    },
  };
}

/** Resolves when the client has taken what was written, has gone or is disconnected, or `stop` aborts. */
async function drained(response: Response, stop: AbortSignal, stalledMs: number): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  const stalled = setTimeout(() => response.destroy(), stalledMs);
  response.once('close', end);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([stop, over.signal]) });
  } catch {
    // Nobody will take it any more: the iteration ends by the same signals.
  } finally {
    clearTimeout(stalled);
    response.off('close', end);
  }
}
