import { createHash } from 'node:crypto';

/**
 * The id of an event that no job made. It follows from what it tells alone: whoever tells of it, and how often, sends the same
 * `webhook-id`.
 */
export function noticeEventIdOf(...told: readonly (string | number)[]): string {
  return `evt_${createHash('sha256').update(told.join(' ')).digest('hex').slice(0, 32)}`;
}
