import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';

import { adminKey } from '../support/start-stack.ts';
import type { ChaosFleet } from './chaos-fleet.ts';
import type { ChaosLedger } from './chaos-ledger.ts';

/** Who submits: a tenant and its key. */
export interface ChaosTenant {
  id: string;
  key: string;
}

const tenantIds = ['red', 'blue'];
const answerWithinMs = 15_000;
const betweenTriesMs = 100;
/** After a 503, which asks for a second; half of it, so that the end of an outage is seen. */
const afterRefusalMs = 500;
/** What they do not get in at once they submit later: more of them would be a storm of tries when all is down. */
const clientsAtOnce = 40;
const readersAtOnce = 10;

/** Makes the tenants that submit. */
export async function createTenants(fleet: ChaosFleet): Promise<ChaosTenant[]> {
  const tenants: ChaosTenant[] = [];
  for (const id of tenantIds) {
    await admin(fleet, '/v1/admin/tenants', { id });
    const made = await admin(fleet, '/v1/admin/keys', {
      tenant_id: id,
      scopes: ['submit', 'read'],
    });
    // The API's own reply, checked by its status.
    tenants.push({ id, key: (made as { key: string }).key });
  }
  return tenants;
}

async function admin(fleet: ChaosFleet, path: string, body: unknown): Promise<unknown> {
  const reply = await fetch(`${fleet.apiUrls[0]}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return await reply.json();
}

/**
 * Submits `count` jobs, `perSecond` of them a second. A client whose request is refused or cut tries the next API process with
 * the same Idempotency-Key until it has a 202, as the documentation tells clients to do.
 */
export async function submitJobs(
  fleet: ChaosFleet,
  tenants: readonly ChaosTenant[],
  ledger: ChaosLedger,
  { count, perSecond, deadlineMs }: { count: number; perSecond: number; deadlineMs: number },
): Promise<void> {
  const startedAtMs = performance.now();
  let next = 0;
  const submit = async () => {
    for (let index = next++; index < count; index = next++) {
      const tenant = tenants[index % tenants.length];
      if (!tenant) throw new Error('nobody submits');
      await sleep(Math.max(0, startedAtMs + (index / perSecond) * 1_000 - performance.now()));
      await submitUntilAccepted({ fleet, ledger, deadlineMs }, tenant, index);
    }
  };
  await Promise.all(Array.from({ length: clientsAtOnce }, submit));
}

interface Submitting {
  fleet: ChaosFleet;
  ledger: ChaosLedger;
  /** By `performance.now()`. */
  deadlineMs: number;
}

async function submitUntilAccepted(
  { fleet, ledger, deadlineMs }: Submitting,
  tenant: ChaosTenant,
  index: number,
): Promise<void> {
  const word = `word-${tenant.id}-${index}`;
  const body = {
    type: 'chat',
    model: 'chat',
    // What the provider's ledger tells jobs by.
    user: word,
    input: { messages: [{ role: 'user', content: word }] },
    webhook: {
      url: `${fleet.receiver.url}/hook`,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    },
  };
  for (let turn = index; performance.now() < deadlineMs; turn += 1) {
    const url = fleet.apiUrls[turn % fleet.apiUrls.length];
    const startedAtMs = performance.now();
    const reply = await send(`${url}/v1/jobs`, tenant.key, { body, idempotencyKey: word });
    const atMs = Date.now();
    if (reply.status === 202) {
      // A 202 holds the job.
      const { id } = reply.body as JobView;
      ledger.add({ kind: 'accepted', atMs, jobId: id, word, tenant: tenant.id });
      return;
    }
    const { status, hasRetryAfter } = reply;
    const durationMs = Math.round(performance.now() - startedAtMs);
    ledger.add({ kind: 'refused', atMs, status, durationMs, hasRetryAfter });
    await sleep(status === 503 ? afterRefusalMs * (0.5 + Math.random()) : betweenTriesMs);
  }
  throw new Error(`${word} was not accepted in time`);
}

/** Reads every accepted job until it has ended, with its timeline. */
export async function readResults(
  fleet: ChaosFleet,
  tenants: readonly ChaosTenant[],
  ledger: ChaosLedger,
  deadlineMs: number,
): Promise<void> {
  const keys = new Map(tenants.map(({ id, key }) => [id, key]));
  const left = ledger.of('accepted').toReversed();
  const read = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const job = await readEnded(fleet, keys.get(next.tenant) ?? '', next.jobId, deadlineMs);
      if (job) ledger.add({ kind: 'result', job });
    }
  };
  await Promise.all(Array.from({ length: readersAtOnce }, read));
}

/** The job once it has ended; as it is when the time is over; `undefined` when it is not there. */
async function readEnded(
  fleet: ChaosFleet,
  key: string,
  jobId: string,
  deadlineMs: number,
): Promise<JobView | undefined> {
  for (let turn = 0; ; turn += 1) {
    const url = fleet.apiUrls[turn % fleet.apiUrls.length];
    const reply = await send(`${url}/v1/jobs/${jobId}?wait=5&include=timeline`, key);
    const late = performance.now() > deadlineMs;
    if (reply.status === 200) {
      const job = reply.body as JobView;
      if (job.ended_at !== undefined || late) return job;
    }
    if (reply.status === 404 || late) return undefined;
    if (reply.status !== 200) await sleep(betweenTriesMs);
  }
}

interface Reply {
  /** 0 where there was no answer. */
  status: number;
  body: unknown;
  hasRetryAfter: boolean;
}

async function send(
  url: string,
  key: string,
  post?: { body: unknown; idempotencyKey: string },
): Promise<Reply> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(answerWithinMs),
      headers: {
        authorization: `Bearer ${key}`,
        ...(post && { 'content-type': 'application/json', 'idempotency-key': post.idempotencyKey }),
      },
      ...(post && { method: 'POST', body: JSON.stringify(post.body) }),
    });
    const hasRetryAfter = response.headers.has('retry-after');
    return { status: response.status, body: await response.json(), hasRetryAfter };
  } catch {
    return { status: 0, body: undefined, hasRetryAfter: false };
  }
}
