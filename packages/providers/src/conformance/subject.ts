import { adapterKinds, defaultOptions, type Target } from '@sluice/config';
import type { TextDelta } from '@sluice/contracts';

import type { ProviderAdapter, UpstreamCall } from '../adapter.ts';
import type { OnDelta } from '../call-hooks.ts';
import type { Script } from './scripted-upstream.ts';

/** A call of an adapter, whatever it does, and its reply. */
export type SubjectCall = (
  adapter: ProviderAdapter,
  call: Pick<UpstreamCall, 'target' | 'signal' | 'sendBy' | 'onRaw'> & { onDelta?: OnDelta },
) => Promise<unknown>;

/** What the conformance suite must know of an adapter. */
export interface Subject {
  kind: string;
  /** Where a kind has several subjects. */
  name?: string;
  /** One call with a fixed input. */
  call: SubjectCall;
  /** What the call must look like. */
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  /** The header that carries the API key, and what stands before the key. */
  keyHeader: { name: string; prefix: string };
  /** The content type of a stream, and one piece of JSON in it. */
  stream: { type: 'text/event-stream' | 'application/x-ndjson'; frame(json: string): string };
  /** A whole reply with text beyond ASCII, event by event; the last is the terminal one. */
  events: string[];
  /** The same reply as one document, where the vendor may answer with one although a stream was asked for. */
  document: unknown;
  /** What the adapter must make of both. */
  reply: unknown;
  /** What its pieces add up to, where that is not in its result. */
  told?: TextDelta;
  /** How many of `events` may be missing at the end of a whole reply. */
  dispensableEvents: number;
  /** Whether a call of which nobody knows how far it came may be made again: what it does, it does but once if not. */
  isRepeatable: boolean;
  /** Sent by the vendor while there is nothing to send. */
  keepAlive: string;
  /** An error inside a stream that means that the upstream is overloaded. */
  overloadedEvent: string;
  /** The vendor's form of an error; undefined where it has none for that code. */
  errorBody(error: { status: number; message: string; code: string }): unknown;
  /** Answers whatever the adapter asks after a stream broke; undefined if it asks nothing. */
  afterBreak: Script | undefined;
}

export const bearer = { name: 'authorization', prefix: 'Bearer ' };
export const serverSentEvents: Subject['stream'] = {
  type: 'text/event-stream',
  frame: (json) => `data: ${json}\n\n`,
};

/** A target with short deadlines on an upstream. */
export function targetOf(kind: string, url: string, overrides: Partial<Target> = {}): Target {
  const apiKey = 'sk-conformance-0123456789';
  return {
    provider: {
      name: 'acme',
      kind,
      baseUrl: `${url}/v1`,
      apiKeys: [apiKey],
      headers: {},
      options: Object.hasOwn(adapterKinds, kind) ? defaultOptions(kind) : {},
      warm: false,
      timeouts: { firstByteMs: 5_000, idleMs: 5_000 },
    },
    model: 'model-1',
    apiKeys: [apiKey],
    apiKey,
    lane: 'acme',
    price: undefined,
    facts: {},
    dropParams: false,
    ...overrides,
  };
}
