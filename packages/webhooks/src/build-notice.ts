import type { DisabledReason, Notice, NoticeEvent } from '@sluice/contracts';

/** The event of a notice. Pure: the same notice gives the same event on every attempt. */
export function buildNotice(eventId: string, notice: Notice): NoticeEvent {
  const timestamp = new Date(notice.atMs).toISOString();
  const data = { endpoint_id: notice.about };
  switch (notice.type) {
    case 'webhook.test':
      return { id: eventId, type: notice.type, timestamp, data };
    case 'endpoint.disabled':
      return {
        id: eventId,
        type: notice.type,
        timestamp,
        // Written by the worker from the store's own reason.
        data: { ...data, reason: notice.reason as DisabledReason },
      };
  }
}
