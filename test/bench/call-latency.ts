import type { LedgerEntry } from '@sluice/simulator';
import { Agent, request } from 'undici';

import { median, quantile } from './statistics.ts';

/** One request as its client saw it; epoch milliseconds. */
export interface Sample {
  sentAtMs: number;
  gotAtMs: number;
}

/** Milliseconds: without the simulator's own time, and its parts before and after it. */
export interface Latency {
  ownless: number;
  toUpstream: number;
  fromUpstream: number;
}

/** What {@link cellsOf} gives. */
export const latencyColumns = [
  'median ms',
  'p95 ms',
  'to upstream',
  'from upstream',
  'added, median',
];

/** What a request took beside the upstream's own time. */
export function latencyOf({ sentAtMs, gotAtMs }: Sample, call: LedgerEntry | undefined): Latency {
  if (!call || call.durationMs === null) throw new Error('a request made no upstream call');
  const toUpstream = call.atMs - sentAtMs;
  const fromUpstream = gotAtMs - call.atMs - call.durationMs;
  return { ownless: toUpstream + fromUpstream, toUpstream, fromUpstream };
}

/** Epoch milliseconds, as finely as they can be had. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Some servers pass on what another one says of its connections and close theirs sooner: so none is kept for long. */
const dispatcher = new Agent({ keepAliveMaxTimeout: 3_000 });

/** The body of the answer; anything but a success is an error. */
export async function send(
  method: 'GET' | 'POST',
  url: string,
  { headers, body }: { headers: Record<string, string>; body?: unknown },
): Promise<string> {
  const reply = await request(url, {
    dispatcher,
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await reply.body.text();
  if (reply.statusCode >= 300) throw new Error(`${method} ${url}: ${reply.statusCode} ${text}`);
  return text;
}

/** A row: quantiles, the parts, and what is added to the direct call. */
export function cellsOf(latencies: Latency[], direct: Latency[]): string[] {
  const values = (part: keyof Latency) => latencies.map((latency) => latency[part]);
  return [
    median(values('ownless')),
    quantile(values('ownless'), 0.95),
    median(values('toUpstream')),
    median(values('fromUpstream')),
    addedMs(latencies, direct),
  ].map((value) => value.toFixed(2));
}

export function addedMs(latencies: Latency[], direct: Latency[]): number {
  const medianOf = (values: Latency[]) => median(values.map(({ ownless }) => ownless));
  return medianOf(latencies) - medianOf(direct);
}
