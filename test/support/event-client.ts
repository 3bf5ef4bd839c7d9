import type { JobView, TextDelta, TimelineEvent } from '@sluice/contracts';
import { joinDeltas } from '@sluice/contracts';
import { readEventStream } from '@sluice/testing';

import { adminKey } from './start-stack.ts';

export type SentEvent = TimelineEvent & { job?: JobView };

/** What one client has of the events of a job, over all its connections. */
export interface EventClient {
  readonly events: SentEvent[];
  /** How often it came back. */
  readonly connections: number;
  /** Breaks the connection off; the client comes back by itself, as an EventSource does. */
  cut(): void;
  /** Resolves with the ending event. */
  readonly ended: Promise<SentEvent>;
}

const endings = ['completed', 'failed', 'cancelled', 'expired'];

/** Follows a job as a browser would: whatever breaks, it comes back with the last id it has had. */
export function followJob(url: string, jobId: string): EventClient {
  const events: SentEvent[] = [];
  let connections = 0;
  let connection = new AbortController();
  const connect = async () => {
    connection = new AbortController();
    connections += 1;
    const lastId = events.at(-1)?.id;
    const headers = {
      authorization: `Bearer ${adminKey}`,
      ...(lastId !== undefined && { 'last-event-id': lastId }),
    };
    const { signal } = connection;
    const response = await fetch(`${url}/v1/jobs/${jobId}/events`, { headers, signal });
    for await (const { data } of readEventStream(response)) {
      events.push(JSON.parse(data) as SentEvent);
      if (endings.includes(events.at(-1)?.type ?? '')) return;
    }
  };
  const follow = async (): Promise<SentEvent> => {
    for (;;) {
      await connect().catch(() => undefined);
      const last = events.at(-1);
      if (last && endings.includes(last.type)) return last;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    events,
    get connections() {
      return connections;
    },
    cut: () => connection.abort(),
    ended: follow(),
  };
}

/** The answer that a client has: what it was told since it was last told to start again. */
export function answerOf(events: readonly SentEvent[]): TextDelta {
  let answer: TextDelta = {};
  for (const { type, data } of events) {
    if (type === 'restart') answer = {};
    if (type === 'delta') answer = joinDeltas(answer, (data as { delta: TextDelta }).delta);
  }
  return answer;
}
