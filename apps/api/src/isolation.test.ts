import { scopes, type JobState, type JobView } from '@sluice/contracts';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { expect, it } from 'vitest';

import { endJob } from './testing/end-job.ts';
import {
  actOnEndpoint,
  createEndpoint,
  endpointsOfTenant,
  expectOwnEndpoints,
  type KnownEndpoint,
} from './testing/isolation-endpoints.ts';
import {
  actOnFile,
  expectOwnFiles,
  filesOfTenant,
  uploadFile,
  type KnownFile,
} from './testing/isolation-files.ts';
import { randomNumbers } from './testing/random-numbers.ts';
import { batchBody, chatBody, startTestApi, type TestApi } from './testing/start-test-api.ts';

/**
 * How many operations; the whole proof is `npm run isolation`, with 100,000.
 * SLUICE_ISOLATION_SEED repeats a run.
 */
const operations = Number(process.env['SLUICE_ISOLATION_OPERATIONS'] ?? 1_000);
const seed = Number(process.env['SLUICE_ISOLATION_SEED'] ?? 20_261_121);
const atOnce = 20;
const tenantIds = ['anna', 'bert', 'carl', 'dora', 'emil'];

/** What the oracle knows of a job. */
interface Known {
  id: string;
  tenant: string;
  state: JobState;
  isBatch: boolean;
  /** Stands in the prompt and in the answer: nobody else may ever read it. */
  canary: string;
}

interface World {
  api: TestApi;
  keys: Map<string, string>;
  jobs: Known[];
  endpoints: KnownEndpoint[];
  files: KnownFile[];
  /** By tenant and Idempotency-Key. */
  idempotent: Map<string, Known>;
  random: (below: number) => number;
  /** Jobs that an operation under way may be changing: what is read of them is either state. */
  busy: Set<string>;
  counts: Map<string, number>;
}

it(
  `five tenants and ${operations} random operations: each sees exactly its own`,
  { timeout: 30_000 + operations * 20 },
  async () => {
    const world = await createWorld();
    for (let done = 0; done < operations; done += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, operations - done) }, () =>
        operate(world),
      );
      await Promise.all(batch);
    }
    for (const tenant of tenantIds) {
      await expectWholeList(world, tenant);
      const own = world.endpoints.filter((endpoint) => endpoint.tenant === tenant);
      await expectOwnEndpoints(own, askAs(world, tenant));
      const files = world.files.filter((file) => file.tenant === tenant);
      const batches = files.flatMap(({ batch }) => batch ?? []);
      await expectOwnFiles(files, batches, askAs(world, tenant));
    }
    // A run that never crosses tenants proves nothing.
    expect(world.counts.get('foreign')).toBeGreaterThan(operations / 5);
    expect(world.counts.get('own')).toBeGreaterThan(operations / 20);
  },
);

async function createWorld(): Promise<World> {
  const api = await startTestApi();
  const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
  const tenants = createTenants(deps);
  const apiKeys = createApiKeys(deps);
  const keys = new Map<string, string>();
  for (const id of tenantIds) {
    await tenants.create({ id });
    const granted = scopes.filter((scope) => scope !== 'admin');
    keys.set(id, (await apiKeys.create({ tenant_id: id, scopes: granted })).key);
  }
  const random = randomNumbers(seed);
  const empty = { idempotent: new Map(), busy: new Set<string>(), counts: new Map() };
  return { api, keys, random, jobs: [], endpoints: [], files: [], ...empty };
}

async function operate(world: World): Promise<void> {
  const tenant = tenantIds[world.random(tenantIds.length)] ?? '';
  const job = world.jobs[world.random(world.jobs.length || 1)];
  if (!job || world.random(5) === 0) return submit(world, tenant);
  if (world.random(12) === 0) return list(world, tenant);
  if (world.random(4) === 0) return operateOnEndpoint(world, tenant);
  if (world.random(4) === 0) return operateOnFile(world, tenant);
  if (world.busy.has(job.id)) return;
  world.busy.add(job.id);
  try {
    await operateOn(world, tenant, job);
  } finally {
    world.busy.delete(job.id);
  }
}

async function operateOnEndpoint(world: World, tenant: string): Promise<void> {
  const { endpoints, busy, random } = world;
  const ask = askAs(world, tenant);
  const endpoint = endpoints[random(endpoints.length || 1)];
  if (!endpoint || random(8) === 0) {
    const own = endpoints.filter((each) => each.tenant === tenant).length;
    if (own >= endpointsOfTenant) return;
    endpoints.push(await createEndpoint(tenant, newCanary(world, tenant), ask));
    return;
  }
  if (busy.has(endpoint.id)) return;
  busy.add(endpoint.id);
  count(world, endpoint.tenant === tenant ? 'own' : 'foreign');
  const stays = await actOnEndpoint(endpoint, endpoint.tenant === tenant, { ask, random });
  busy.delete(endpoint.id);
  if (!stays) endpoints.splice(endpoints.indexOf(endpoint), 1);
}

async function operateOnFile(world: World, tenant: string): Promise<void> {
  const { files, busy, random } = world;
  const file = files[random(files.length || 1)];
  if (!file || random(6) === 0) {
    const own = files.filter((each) => each.tenant === tenant).length;
    if (own >= filesOfTenant) return;
    const askForm = (path: string, form: FormData) => send(world, tenant, 'POST', path, { form });
    files.push(await uploadFile(tenant, newCanary(world, tenant), askForm));
    return;
  }
  if (busy.has(file.id)) return;
  busy.add(file.id);
  count(world, file.tenant === tenant ? 'own' : 'foreign');
  const stays = await actOnFile(file, file.tenant === tenant, {
    ask: askAs(world, tenant),
    random,
  });
  busy.delete(file.id);
  if (!stays) files.splice(files.indexOf(file), 1);
}

function askAs(world: World, tenant: string) {
  return (method: string, path: string, body?: unknown) =>
    send(world, tenant, method, path, body === undefined ? {} : { body });
}

function newCanary({ random }: World, tenant: string): string {
  return `${tenant}-${random(2 ** 31).toString(36)}`;
}

async function operateOn(world: World, tenant: string, job: Known): Promise<void> {
  const own = job.tenant === tenant;
  const gone = !world.jobs.includes(job);
  count(world, own ? 'own' : 'foreign');
  const act = world.random(7);
  if (act === 0 && own && isLive(job)) {
    await endJob(world.api, job.id, {
      state: 'completed',
      result: {
        type: 'chat',
        message: { role: 'assistant', content: job.canary },
        finish_reason: { unified: 'stop', raw: 'stop' },
      },
      costUsd: 'unknown',
      cache: { status: 'miss' },
    });
    job.state = 'completed';
    return;
  }
  const asked = requests[act] ?? requests[1];
  // The events of an own live job go on until it ends.
  const [method, suffix] = asked[1] === '/events' && own && isLive(job) ? requests[1] : asked;
  const reply = await send(world, tenant, method, `/v1/jobs/${job.id}${suffix}`);
  if (!own || gone) {
    expectNothing(reply, job);
    return;
  }
  expectOwn(world, reply, job, `${method}${suffix}`);
}

const requests = [
  ['GET', ''],
  ['GET', ''],
  ['GET', '?include=timeline'],
  ['GET', '?wait=0'],
  ['POST', '/cancel'],
  ['POST', '/retry'],
  ['DELETE', ''],
  ['GET', '/events'],
] as const;

/** Another tenant's job is answered as one that never was, to the letter. */
function expectNothing(reply: Reply, job: Known): void {
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: 404 });
  expect(reply.text).not.toContain(job.canary);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'not_found', param: 'id' } });
}

function expectOwn(world: World, reply: Reply, job: Known, act: string): void {
  const live = isLive(job);
  if (act === 'POST/cancel') {
    expect(reply.status).toBe(live ? 200 : 409);
    if (live) job.state = 'cancelled';
  } else if (act === 'POST/retry') {
    const retried = job.state === 'cancelled' && !job.isBatch;
    expect(reply.status).toBe(retried ? 202 : 409);
    if (retried) job.state = 'queued';
  } else if (act === 'DELETE') {
    expect(reply.status).toBe(live ? 409 : 200);
    if (!live) forget(world, job);
  } else if (act === 'GET/events') {
    expect(reply.status).toBe(200);
    expect(reply.text).toContain(`event: ${job.state}\n`);
    expect(reply.text).toContain(job.canary);
  } else {
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ id: job.id, state: job.state });
    expect(reply.text.includes(job.canary)).toBe(true);
  }
  expectNoOther(job.tenant, reply);
}

async function submit(world: World, tenant: string): Promise<void> {
  const name = world.random(3) === 0 ? `key-${world.random(40)}` : undefined;
  const slot = `${tenant} ${name}`;
  const known = name === undefined ? undefined : world.idempotent.get(slot);
  const touched = name === undefined ? [] : [slot, ...(known ? [known.id] : [])];
  if (touched.some((one) => world.busy.has(one))) return;
  for (const one of touched) world.busy.add(one);
  const canary = known?.canary ?? newCanary(world, tenant);
  const body = name === undefined && world.random(8) === 0 ? batchBody : chatBody;
  const headers = name === undefined ? {} : { 'idempotency-key': name };
  const reply = await send(world, tenant, 'POST', '/v1/jobs', {
    body: { ...body, metadata: { canary } },
    headers,
  });
  for (const one of touched) world.busy.delete(one);
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: 202 });
  const { id } = JSON.parse(reply.text) as JobView;
  if (known) {
    expect(id).toBe(known.id);
    return;
  }
  expect(world.jobs.some((job) => job.id === id)).toBe(false);
  const job: Known = { id, tenant, state: 'queued', isBatch: body === batchBody, canary };
  world.jobs.push(job);
  if (name !== undefined) world.idempotent.set(slot, job);
}

async function list(world: World, tenant: string): Promise<void> {
  const reply = await send(world, tenant, 'GET', '/v1/jobs?limit=50');
  expect(reply.status).toBe(200);
  expectNoOther(tenant, reply);
}

/** All pages together are exactly the tenant's jobs, the newest first. */
async function expectWholeList(world: World, tenant: string): Promise<void> {
  const listed: string[] = [];
  let after = '';
  do {
    const reply = await send(world, tenant, 'GET', `/v1/jobs?limit=100${after}`);
    const page = JSON.parse(reply.text) as { data: JobView[]; next_cursor: string | null };
    listed.push(...page.data.map(({ id }) => id));
    after = page.next_cursor === null ? '' : `&after=${page.next_cursor}`;
  } while (after !== '');
  const own = world.jobs.filter((job) => job.tenant === tenant).map(({ id }) => id);
  expect(listed).toEqual(own.toSorted().toReversed());
}

/** No other tenant's canary is in the answer: every canary begins with its tenant's name. */
function expectNoOther(tenant: string, { text }: Reply): void {
  for (const other of tenantIds) if (other !== tenant) expect(text).not.toContain(`${other}-`);
}

interface Reply {
  status: number;
  text: string;
}

async function send(
  world: World,
  tenant: string,
  ...[method, path, { body, form, headers } = {}]: [
    method: string,
    path: string,
    more?: { body?: unknown; form?: FormData; headers?: Record<string, string> },
  ]
): Promise<Reply> {
  const { api, keys } = world;
  const response = await fetch(api.url + path, {
    method,
    headers: {
      authorization: `Bearer ${keys.get(tenant)}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form && { body: form }),
  });
  const text = await response.text();
  // On a busy machine Redis may be late. A read is asked again; of a change nobody knows what became.
  if (response.status === 503 && method === 'GET') return send(world, tenant, method, path);
  return { status: response.status, text };
}

function forget(world: World, job: Known): void {
  world.jobs.splice(world.jobs.indexOf(job), 1);
  for (const [slot, known] of world.idempotent) if (known === job) world.idempotent.delete(slot);
}

function isLive({ state }: Known): boolean {
  return state === 'queued' || state === 'in_progress';
}

function count({ counts }: World, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
