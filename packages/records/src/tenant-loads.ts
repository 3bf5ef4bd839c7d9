import type { TenantCaps, TenantLoad } from '@sluice/contracts';

import type { RecordsContext } from './context.ts';

/** Changes to a tenant's caps: what is absent stays, `null` takes the cap back. */
export type CapChanges = { [Cap in keyof TenantCaps]?: number | null | undefined };

/** Fields of the hash of loads, behind the tenant's id: see count-load.lua. */
const capFields = {
  maxQueuedJobs: 'maxJobs',
  maxQueuedBytes: 'maxBytes',
  maxConcurrency: 'maxRunning',
} as const satisfies Record<keyof TenantCaps, string>;

const loadFields = {
  jobs: 'queuedJobs',
  bytes: 'queuedBytes',
  running: 'running',
} as const satisfies Record<string, keyof TenantLoad>;

/** Sets what a tenant may have, for jobs that come and for jobs that wait. Each shard enforces its share. */
export async function setCaps(
  context: RecordsContext,
  tenantId: string,
  changes: CapChanges,
): Promise<void> {
  const set: Record<string, number> = {};
  const taken: string[] = [];
  for (const [cap, name] of Object.entries(capFields)) {
    // The keys of `capFields` are the caps.
    const value = changes[cap as keyof TenantCaps];
    const field = `${tenantId} ${name}`;
    if (value === null) taken.push(field);
    else if (value !== undefined) set[field] = value;
  }
  await eachShard(context, async (loads) => {
    if (Object.keys(set).length > 0) await context.redis.hset(loads, set);
    if (taken.length > 0) await context.redis.hdel(loads, ...taken);
  });
}

/** The caps that a tenant has of its own. */
export async function readCaps(context: RecordsContext, tenantId: string): Promise<TenantCaps> {
  const names = Object.values(capFields).map((name) => `${tenantId} ${name}`);
  // The same in every shard.
  const values = await context.redis.hmget(context.keys.loads(0), ...names);
  const caps: TenantCaps = {};
  Object.keys(capFields).forEach((cap, i) => {
    const value = values[i];
    if (value) caps[cap as keyof TenantCaps] = Number(value);
  });
  return caps;
}

/** What every tenant has that has anything. */
export async function readLoads(context: RecordsContext): Promise<Map<string, TenantLoad>> {
  const loads = new Map<string, TenantLoad>();
  await eachShard(context, async (key) => {
    for (const [field, value] of Object.entries(await context.redis.hgetall(key))) {
      const [tenantId = '', name = ''] = field.split(' ');
      if (!isLoadField(name)) continue;
      const load = loads.get(tenantId) ?? { queuedJobs: 0, queuedBytes: 0, running: 0 };
      load[loadFields[name]] += Number(value);
      loads.set(tenantId, load);
    }
  });
  return loads;
}

function isLoadField(name: string): name is keyof typeof loadFields {
  return Object.hasOwn(loadFields, name);
}

async function eachShard(
  { keys, shards }: RecordsContext,
  act: (loads: string) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: shards }, (_, shard) => act(keys.loads(shard))));
}
