import { Webhook } from 'standardwebhooks';

/** Secrets of an endpoint, `whsec_` and base64: one, or the new and the old one during a rotation. */
export type SigningSecrets = string | readonly [string, ...string[]];

export interface SignatureHeaders {
  /** The event's id: equal on every attempt. */
  'webhook-id': string;
  /** Unix seconds of this attempt. */
  'webhook-timestamp': string;
  /** One `v1,<base64>` for each secret, separated by spaces; a receiver accepts if any matches. */
  'webhook-signature': string;
}

/**
 * The headers of Standard Webhooks over exactly these bytes. Made anew for each attempt, because the time is signed too
 * and receivers refuse what is older than five minutes.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @throws Error if a secret is not base64; secrets are validated when they are accepted.
 */
export function signBody(
  eventId: string,
  body: Buffer,
  secrets: SigningSecrets,
  nowMs: number,
): SignatureHeaders {
  const attemptedAt = new Date(nowMs);
  const signatures = [secrets].flat().map((secret) => {
    return new Webhook(secret).sign(eventId, attemptedAt, body);
  });
  return {
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
