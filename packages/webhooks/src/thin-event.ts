import type { WebhookEvent } from '@sluice/contracts';

/** The event without what may be large: ids, measurements, and where the whole job can be read. */
export function thinEvent(event: WebhookEvent, url: string): WebhookEvent {
  const { result: _result, outputs: _outputs, ...rest } = event.data;
  return { ...event, data: { ...rest, url } };
}
