import { setTimeout as sleep } from 'node:timers/promises';

import type { WebhookEvent } from '@sluice/contracts';
import { startReceiver, waitFor, type Receiver } from '@sluice/testing';

import { quantile } from '../bench/statistics.ts';
import { defaultConfig, launchStack, type Stack } from '../support/start-stack.ts';

export interface DeadReceiverOptions {
  /** Two tenants share them; a tenant has at most 50. */
  endpoints: number;
  /** Of each tenant and measurement. */
  jobs: number;
  /** Measurements with and without the dead one, in turn. */
  rounds: number;
}

export interface DeadReceiverReport extends DeadReceiverOptions {
  /** From the end of a job to the arrival of its event, at all endpoints but one, milliseconds. */
  allWell: { p50: number; p95: number };
  oneDead: { p50: number; p95: number };
  /** Events that did not arrive at an endpoint that is well. */
  missing: number;
  /** POSTs that the dead one held until their time-out. */
  hanging: number;
}

/** How long a POST to the dead one hangs: who waited for one would be this late. */
export const deliveryTimeoutSeconds = 30;

/** Fifty endpoints of each tenant are told of every job: oftener, and the wait would be for the processor. */
const betweenJobsMs = 200;

/** One receiver that takes every request and never answers, among others that do. */
export async function measureDeadReceiver(
  options: DeadReceiverOptions,
): Promise<DeadReceiverReport> {
  const well = await startReceiver();
  const { stack, stop } = await launchStack({
    config: (addresses) => ({
      ...defaultConfig(addresses),
      webhooks: { timeoutSeconds: deliveryTimeoutSeconds },
    }),
  });
  try {
    const keys = await addEndpoints(stack, well, options.endpoints);
    const lateness = { allWell: [] as number[], oneDead: [] as number[] };
    let hanging = 0;
    // The first jobs warm the processes up and count for nothing.
    await measure(stack, well, keys, options);
    for (let round = 0; round < options.rounds; round += 1) {
      lateness.allWell.push(...(await measure(stack, well, keys, options)));
      const dead = await startReceiver();
      dead.otherwise({ fault: 'never' });
      const removeDead = await addEndpoint(stack, dead.url, keys[0]);
      lateness.oneDead.push(...(await measure(stack, well, keys, options)));
      hanging += dead.requests.length;
      await removeDead();
      await dead.close();
    }
    const expected = options.rounds * options.jobs * (options.endpoints - 1);
    const measured = lateness.allWell.length + lateness.oneDead.length;
    return {
      ...options,
      allWell: summary(lateness.allWell),
      oneDead: summary(lateness.oneDead),
      missing: 2 * expected - measured,
      hanging,
    };
  } finally {
    await stop();
    await well.close();
  }
}

/** The keys of the two tenants; one place is left for the dead endpoint. */
async function addEndpoints(stack: Stack, well: Receiver, endpoints: number): Promise<string[]> {
  const keys: string[] = [];
  for (const id of ['calm', 'hungry']) {
    await stack.request('POST', '/v1/admin/tenants', { id });
    const scopes = ['submit', 'webhooks'];
    const reply = await stack.request('POST', '/v1/admin/keys', { tenant_id: id, scopes });
    // The API's own answer.
    keys.push((reply.body as { key: string }).key);
  }
  for (let number = 1; number < endpoints; number += 1) {
    await addEndpoint(stack, `${well.url}/${number}`, keys[number % 2]);
  }
  return keys;
}

async function addEndpoint(
  stack: Stack,
  url: string,
  key: string | undefined,
): Promise<() => Promise<void>> {
  const headers = { authorization: `Bearer ${key}` };
  const reply = await stack.request('POST', '/v1/webhooks', { url }, headers);
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  const { id } = reply.body as { id: string };
  return async () => {
    await stack.request('DELETE', `/v1/webhooks/${id}`, undefined, headers);
  };
}

/** How late each event of a row of jobs came, at every endpoint that is well. */
async function measure(
  stack: Stack,
  well: Receiver,
  keys: readonly string[],
  { jobs, endpoints }: DeadReceiverOptions,
): Promise<number[]> {
  const before = well.requests.length;
  for (let number = 0; number < jobs; number += 1) {
    await Promise.all(
      keys.map((key) =>
        stack.submit(
          { type: 'chat', model: 'chat', input: { messages: [{ role: 'user', content: 'Hi' }] } },
          { authorization: `Bearer ${key}` },
        ),
      ),
    );
    await sleep(betweenJobsMs);
  }
  const expected = jobs * (endpoints - 1);
  const arrived = () => well.requests.length - before >= expected;
  // What never comes is for the report to say.
  await waitFor(arrived, { timeoutMs: 60_000 }).catch(() => undefined);
  return well.requests.slice(before).map(({ rawBody, receivedAtMs }) => {
    // Written by a worker of the stack.
    const { timestamp } = JSON.parse(rawBody.toString()) as WebhookEvent;
    return receivedAtMs - Date.parse(timestamp);
  });
}

function summary(values: readonly number[]): { p50: number; p95: number } {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95) };
}

/** Whether nobody waited for the dead one: who does waits for a time-out of {@link deliveryTimeoutSeconds}. */
export function isUndisturbed({ missing, hanging, allWell, oneDead }: DeadReceiverReport): boolean {
  const waitedMs = oneDead.p95 - allWell.p95;
  return missing === 0 && hanging > 0 && waitedMs < (deliveryTimeoutSeconds * 1_000) / 10;
}
