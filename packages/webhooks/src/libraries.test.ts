import { isDeepStrictEqual } from 'node:util';

import { anyCharacter } from '@sluice/testing';
import * as fc from 'fast-check';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, test } from 'vitest';

import { signBody } from './sign-body.ts';

const payloads = 2_000;
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
      data: fc.jsonValue({ stringUnit: anyCharacter, maxDepth: 3 }),
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

type Takes = (sent: Sent, body: Buffer) => Promise<unknown>;

const takesOf: Record<'standardwebhooks' | 'openai', Takes> = {
  standardwebhooks: async ({ secret, headers }, body) => new Webhook(secret).verify(body, headers),
  openai: ({ secret, headers }, body) => openai.webhooks.unwrap(body.toString(), headers, secret),
};
const openai = new OpenAI({ apiKey: 'none' });

/** A row of thousands must not take longer because the machine is busy. */
const patienceMs = 60_000;

describe.each(['standardwebhooks', 'openai'] as const)(`%s and ${payloads} events`, (library) => {
  const takes = takesOf[library];

  /** What the library takes of these, though it should not. */
  async function taken(forgeries: Iterable<[one: Sent, body: Buffer]>): Promise<string[]> {
    const names: string[] = [];
    for (const [one, body] of forgeries) {
      // oxlint-disable-next-line no-await-in-loop
      const refused = await takes(one, body).then(
        () => false,
        () => true,
      );
      if (!refused) names.push(`${one.headers['webhook-id']} ${body.toString('base64')}`);
    }
    return names;
  }

  test(
    'takes each, and gives back what was sent',
    async () => {
      const wrong: string[] = [];
      for (const one of sent) {
        // oxlint-disable-next-line no-await-in-loop
        const given = await takes(one, one.body);
        const same = isDeepStrictEqual(given, JSON.parse(one.body.toString()));
        if (!same) wrong.push(one.body.toString());
      }
      expect(wrong).toEqual([]);
    },
    patienceMs,
  );

  test(
    'refuses each with a byte changed',
    async () => {
      expect(await taken(sent.map((one) => [one, changed(one, one.chance)]))).toEqual([]);
    },
    patienceMs,
  );

  test(
    'refuses one whichever of its bytes is changed',
    async () => {
      const longest = sent.toSorted((a, b) => b.body.length - a.body.length).slice(0, 3);
      const forgeries = longest.flatMap((one) =>
        [...one.body.keys()].map((at): [Sent, Buffer] => [one, changed(one, at)]),
      );
      expect(await taken(forgeries)).toEqual([]);
    },
    patienceMs,
  );

  test('refuses one with another id, time or secret', async () => {
    const forgeries = sent.slice(0, 500).flatMap((one, i): [Sent, Buffer][] => {
      const time = String(Number(one.headers['webhook-timestamp']) - 1);
      const secret = sent[i + 1]?.secret ?? '';
      return [
        [{ ...one, headers: { ...one.headers, 'webhook-id': 'evt_other' } }, one.body],
        [{ ...one, headers: { ...one.headers, 'webhook-timestamp': time } }, one.body],
        [{ ...one, secret }, one.body],
      ];
    });
    expect(await taken(forgeries)).toEqual([]);
  });
});
