import type { NoticeEvent, WebhookEvent } from '@sluice/contracts';
import { Webhook } from 'standardwebhooks';

import { SluiceClientError } from './client-error.ts';

/** What a webhook of Sluice says: a job ended, or something that no job made. */
export type SluiceEvent = WebhookEvent | NoticeEvent;

/**
 * The event inside a webhook's request, if it was signed with `secret` (`whsec_…`; while one is being replaced, either of
 * several) in the last five minutes. `body` must be what was received, byte for byte: a body that was parsed and written
 * anew has another signature.
 * @throws SluiceClientError `bad_signature`.
 * @see https://www.standardwebhooks.com
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>,
  secret: string | readonly string[],
): SluiceEvent {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const signed = signedHeaders(headers);
  let why = 'there is no secret to check it with';
  for (const each of typeof secret === 'string' ? [secret] : secret) {
    try {
      // Sluice's own form, as its signature says.
      return new Webhook(each).verify(text, signed) as SluiceEvent;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
  }
  throw new SluiceClientError('bad_signature', `the webhook cannot be trusted: ${why}`);
}

/** Names in any case, as frameworks hand them over. */
function signedHeaders(
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const entries = headers instanceof Headers ? [...headers.entries()] : Object.entries(headers);
  const signed: Record<string, string> = {};
  for (const [name, value] of entries) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && /^webhook-/i.test(name)) signed[name.toLowerCase()] = first;
  }
  return signed;
}
