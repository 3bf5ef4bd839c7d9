import type { JobView, TimelineEvent } from '@sluice/contracts';
import { readEventStream } from '@sluice/testing';

import type { TestApi } from './start-test-api.ts';

/** An event as it comes over HTTP. */
export type SentEvent = TimelineEvent & { job?: JobView };

/** The events of a job from a place on, for as long as the API sends some. Each is checked against its frame. */
export async function* followEvents(
  api: Pick<TestApi, 'call'>,
  jobId: string,
  lastEventId?: string,
): AsyncGenerator<SentEvent, void, undefined> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await api.call(`/v1/jobs/${jobId}/events`, { headers });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  for await (const { id, event, data } of readEventStream(response)) {
    const sent = JSON.parse(data) as SentEvent;
    if (sent.id !== id || sent.type !== event) throw new Error(`${id} ${event}: ${data}`);
    yield sent;
  }
}

/** All of them. */
export async function allEvents(...args: Parameters<typeof followEvents>): Promise<SentEvent[]> {
  const events: SentEvent[] = [];
  for await (const event of followEvents(...args)) events.push(event);
  return events;
}
