import autocannon from 'autocannon';

import { median, quantile } from './statistics.ts';

/** What a server did under load. */
export interface LoadResult {
  /** Of those that succeeded. */
  requestsPerSecond: number;
  /** How many were not answered with 2xx. */
  refused: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Sends `amount` POSTs of one JSON body over `connections` connections, each as soon as the one before is answered.
 * @throws Error when more than one in twenty is not answered with 2xx.
 */
export async function postMany(
  url: string,
  body: unknown,
  options: { amount: number; connections: number; headers?: Record<string, string> },
): Promise<LoadResult> {
  const { amount, connections, headers } = options;
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let endedAt = startedAt;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(
      {
        url,
        method: 'POST',
        amount,
        connections,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      },
      (error: Error | null, ended) => (error ? reject(error) : resolve(ended)),
    );
    // Its histogram knows whole milliseconds only, and its duration ends with a tick of its own.
    load.on('response', (_client, _status, _bytes, latencyMs) => {
      latenciesMs.push(latencyMs);
      endedAt = performance.now();
    });
  });
  const succeeded = result['2xx'];
  if (succeeded < amount * 0.95) {
    const counts = JSON.stringify(result.statusCodeStats);
    throw new Error(`${url}: ${succeeded} of ${amount} requests succeeded; ${counts}`);
  }
  return {
    requestsPerSecond: succeeded / ((endedAt - startedAt) / 1_000),
    refused: amount - succeeded,
    p50Ms: median(latenciesMs),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}
