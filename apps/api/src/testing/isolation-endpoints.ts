import { expect } from 'vitest';

/** What the oracle knows of a webhook endpoint. */
export interface KnownEndpoint {
  id: string;
  tenant: string;
  /** Stands in its description, and begins with its tenant's name. */
  canary: string;
  /** Ids of deliveries to it. */
  deliveries: string[];
}

export interface Answer {
  status: number;
  text: string;
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Most that the oracle makes for one tenant. */
export const endpointsOfTenant = 10;

export async function createEndpoint(
  tenant: string,
  canary: string,
  ask: Ask,
): Promise<KnownEndpoint> {
  const reply = await ask('POST', '/v1/webhooks', {
    url: `https://example.com/${canary}`,
    description: canary,
  });
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: 201 });
  return { id: idIn(reply), tenant, canary, deliveries: [] };
}

const acts = [
  ['GET', '', undefined, 200],
  ['PATCH', '', { payload: 'thin' }, 200],
  ['POST', '/rotate-secret', { overlap_seconds: 60 }, 200],
  ['POST', '/test', undefined, 202],
  ['GET', '/deliveries', undefined, 200],
  ['POST', '/redeliver', { since: '2026-01-01T00:00:00Z' }, 202],
  ['DELETE', '', undefined, 200],
] as const;

/**
 * One act on an endpoint, or on a delivery to it, by the tenant that `ask` speaks for. Another tenant's is answered as one
 * that never was. `false`: it is gone now.
 */
export async function actOnEndpoint(
  endpoint: KnownEndpoint,
  isOwn: boolean,
  { ask, random }: { ask: Ask; random: (below: number) => number },
): Promise<boolean> {
  const delivery = endpoint.deliveries[random(endpoint.deliveries.length || 1)];
  if (delivery !== undefined && random(5) === 0) {
    judge(await ask('GET', `/v1/deliveries/${delivery}`), endpoint, isOwn ? 200 : 404);
    judge(await ask('POST', `/v1/deliveries/${delivery}/redeliver`), endpoint, isOwn ? 202 : 404);
    return true;
  }
  const [method, suffix, body, status] = acts[random(acts.length)] ?? acts[0];
  const reply = await ask(method, `/v1/webhooks/${endpoint.id}${suffix}`, body);
  judge(reply, endpoint, isOwn ? status : 404);
  if (!isOwn) return true;
  if (suffix === '/test') endpoint.deliveries.push(idIn(reply));
  if (suffix === '' && method === 'GET') expect(reply.text).toContain(endpoint.canary);
  return method !== 'DELETE';
}

function judge(reply: Answer, { id, canary }: KnownEndpoint, status: number): void {
  expect({ id, status: reply.status, text: reply.text }).toMatchObject({ status });
  if (status === 404) expect(reply.text).not.toContain(canary);
}

/** A tenant's list is exactly its own. */
export async function expectOwnEndpoints(own: readonly KnownEndpoint[], ask: Ask): Promise<void> {
  const reply = await ask('GET', '/v1/webhooks');
  // The API's own list.
  const { data } = JSON.parse(reply.text) as { data: { id: string }[] };
  expect(data.map(({ id }) => id).sort()).toEqual(own.map(({ id }) => id).sort());
}

function idIn({ text }: Answer): string {
  return (JSON.parse(text) as { id: string }).id;
}
