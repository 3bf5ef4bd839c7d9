import * as fc from 'fast-check';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, test } from 'vitest';

import { signBody } from './sign-body.ts';

const payloads = 10_000;
const seed = 20_261_127;

/** One event as a receiver gets it. */
interface Sent {
  secret: string;
  body: Buffer;
  headers: Record<string, string>;
  /** Chooses what is changed of it. */
  chance: number;
}

/**
 * Any event of any Unicode. Without U+FFFD: both libraries decode the bytes before they verify, so there broken bytes can
 * read the same as whole ones.
 */
const event = fc.record({
  secret: fc
    .uint8Array({ minLength: 24, maxLength: 64 })
    .map((key) => `whsec_${Buffer.from(key).toString('base64')}`),
  body: fc
    .record({
      type: fc.constantFrom('chat.completed', 'workflow.failed', 'batch.completed'),
      data: fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }),
    })
    .map((value) => JSON.stringify(value))
    .filter((text) => !text.includes('\ufffd')),
  chance: fc.nat(),
});

let sent: Sent[] = [];

beforeAll(() => {
  const now = Date.now();
  sent = fc.sample(event, { numRuns: payloads, seed }).map(({ secret, body, chance }, i) => {
    const bytes = Buffer.from(body);
    return { secret, chance, body: bytes, headers: sign(`evt_${i}`, bytes, secret, now) };
  });
});

function sign(id: string, body: Buffer, secret: string, now: number): Record<string, string> {
  return { ...signBody(id, body, secret, now) };
}

/** The body with the byte at `position` changed to another one. */
function changed({ body, chance }: Sent, position: number): Buffer {
  const bytes = Buffer.from(body);
  const at = position % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ ((chance % 255) + 1);
  return bytes;
}

const takesOf = {
  standardwebhooks({ secret, headers }: Sent, body: Buffer): Promise<unknown> {
    return Promise.try(() => new Webhook(secret).verify(body, headers));
  },
  openai({ secret, headers }: Sent, body: Buffer): Promise<unknown> {
    return openai.webhooks.unwrap(body.toString(), headers, secret);
  },
};
const openai = new OpenAI({ apiKey: 'none' });

describe.each(['standardwebhooks', 'openai'] as const)(`%s and ${payloads} events`, (library) => {
  const takes = takesOf[library];

  test('takes each, and gives back what was sent', async () => {
    for (const one of sent) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await takes(one, one.body)).toEqual(JSON.parse(one.body.toString()));
    }
  });

  test('refuses each with a byte changed', async () => {
    for (const one of sent) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(takes(one, changed(one, one.chance))).rejects.toThrow();
    }
  });

  test('refuses one whichever of its bytes is changed', async () => {
    const longest = sent.toSorted((a, b) => b.body.length - a.body.length).slice(0, 3);
    for (const one of longest) {
      for (let position = 0; position < one.body.length; position += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await expect(takes(one, changed(one, position))).rejects.toThrow();
      }
    }
  });

  test('refuses one with another id, time or secret', async () => {
    for (const one of sent.slice(0, 500)) {
      const other = sent[(sent.indexOf(one) + 1) % sent.length];
      const time = String(Number(one.headers['webhook-timestamp']) - 1);
      for (const wrong of [
        { ...one, headers: { ...one.headers, 'webhook-id': 'evt_other' } },
        { ...one, headers: { ...one.headers, 'webhook-timestamp': time } },
        { ...one, secret: other?.secret ?? '' },
      ]) {
        // oxlint-disable-next-line no-await-in-loop
        await expect(takes(wrong, one.body)).rejects.toThrow();
      }
    }
  });
});
