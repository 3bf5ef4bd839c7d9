import type { IncomingHttpHeaders } from 'node:http';

import { readOption } from './call-options.ts';

/** When the first byte of an answer leaves that is not ready, and how often another one follows. `undefined`: never. */
export type KeepAlive = { firstByteMs: number; everyMs: number } | undefined;

/** The shortest that proxies wait for a first byte is 30 s, and then for another one 55 s. */
const usual = { firstByteMs: 25_000, everyMs: 15_000 };
const shortestMs = 200;

/**
 * How an answer is kept alive: as `X-Sluice-Keep-Alive` says, or so that whoever waits does not give up. SDKs tell how long
 * that is: in Node (`X-Stainless-Timeout`) for the head of a stream; of a whole answer it is the time for all of it, which bytes
 * that come before do not make longer. In Python (`X-Stainless-Read-Timeout`) for each byte.
 * @see https://github.com/openai/openai-node https://github.com/openai/openai-python
 * @throws SluiceError `invalid_request` as `readCallOptions`.
 */
export function keepAliveOf(headers: IncomingHttpHeaders, isStream: boolean): KeepAlive {
  const asked = readOption(headers, 'X-Sluice-Keep-Alive');
  if (asked === 'off') return undefined;
  if (asked !== undefined) return { firstByteMs: asked * 1_000, everyMs: asked * 1_000 };
  const patience = [
    patienceMs(headers['x-stainless-read-timeout']),
    isStream ? patienceMs(headers['x-stainless-timeout']) : Infinity,
  ];
  const shortest = Math.min(...patience);
  return {
    firstByteMs: Math.min(usual.firstByteMs, shortest / 2),
    everyMs: Math.min(usual.everyMs, Math.max(shortest / 3, shortestMs)),
  };
}

/** The SDK rounds down to whole seconds. */
function patienceMs(header: string | string[] | undefined): number {
  if (typeof header !== 'string' || !/^\d{1,9}(\.\d{1,9})?$/.test(header)) return Infinity;
  return Math.max(Number(header) * 1_000, 2 * shortestMs);
}
