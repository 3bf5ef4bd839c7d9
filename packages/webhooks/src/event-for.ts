import type { JobRecord, NoticeEvent, ResponseEvent, WebhookEvent } from '@sluice/contracts';

import { buildEvent } from './build-event.ts';
import { deliveryHeaders } from './delivery-headers.ts';
import { responseEvent } from './response-event.ts';
import { thinEvent } from './thin-event.ts';

/** How an endpoint, or a job's own webhook, wants to be told. */
export interface Telling {
  payload: 'full' | 'thin';
  /** What the endpoint asks for; empty for a job's own webhook. */
  events: readonly string[];
  /** An event that is larger goes out thin. */
  maxPayloadBytes: number;
  /** In front of the links of thin events; they are relative without it. */
  publicUrl: string | undefined;
}

/** An event and, of a job, its measurements as headers. */
export interface Told {
  event: WebhookEvent | NoticeEvent | ResponseEvent;
  measured: Record<string, string>;
}

/**
 * What an ended job tells: in full; thin where the endpoint wants that, or where it would be too large; in OpenAI's form where
 * the endpoint asks so. Pure: the same record gives the same event on every attempt.
 * @throws SluiceError `internal_error` if the job has not ended.
 */
export function eventFor(record: JobRecord, eventId: string, telling: Telling): Told {
  const event = buildEvent(record, eventId);
  const measured = deliveryHeaders(event);
  const response = responseEvent(record, eventId, telling.events);
  if (response) return { event: response, measured };
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (telling.payload === 'full' && bytes <= telling.maxPayloadBytes) return { event, measured };
  const url = `${telling.publicUrl ?? ''}/v1/jobs/${record.jobId}`;
  return { event: thinEvent(event, url), measured };
}
