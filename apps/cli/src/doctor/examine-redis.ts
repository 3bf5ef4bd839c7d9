import { askForVectorSets, type VectorSets } from '@sluice/cache';
import {
  createRedis,
  describeRedisUrl,
  nodesOf,
  whenReady,
  type Logger,
  type Redis,
  type RedisTls,
} from '@sluice/runtime';

import { findingsOf, type Finding } from './finding.ts';

const answerWithinMs = 3_000;
/** The first version that has every command our scripts call. */
const oldestVersion = [6, 2] as const;
/** Above this share of its memory the API takes no new jobs. */
const fullShare = 0.8;

export interface ExamineRedisOptions {
  isGiven: boolean;
  log: Logger;
  tls?: RedisTls | undefined;
  root: string;
  /** Encryption at rest is on. */
  isSealed: boolean;
}

/**
 * Whether Redis can be reached and keeps what it is given: version, policy, append-only file, memory, and where
 * the semantic cache compares its questions. Asks nothing that a Redis without `CONFIG` for its users does not answer.
 * `isGiven`: whether the address is the operator's. `root`: of all keys.
 */
export async function examineRedis(
  url: string,
  { isGiven, log, tls, root, isSealed }: ExamineRedisOptions,
): Promise<Finding[]> {
  const address = describeRedisUrl(url);
  const { ok, warn, fail } = findingsOf('redis', address);
  const redis = createRedis(url, 'producer', log, tls);
  try {
    await whenReady(redis, answerWithinMs);
    const vectorSets = isSealed ? 'unused' : await askForVectorSets({ redis, root });
    const nodes = await Promise.all(
      nodesOf(redis).map(async (node) => await examineNode(node, address)),
    );
    return [ok('answers'), ...nodes.flat(), ok(comparing[vectorSets])];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isGiven) return [fail(`${reason}; check REDIS_URL`)];
    return [
      warn(`${reason}; without REDIS_URL only "sluice start" works, with a Redis of its own`),
    ];
  } finally {
    redis.disconnect();
  }
}

const byWorkers = 'the semantic cache compares questions in the memory of workers';

const comparing: Record<VectorSets | 'unused', string> = {
  usable: 'the semantic cache compares questions here, in vector sets',
  missing: `${byWorkers}: no vector sets here`,
  forbidden: `${byWorkers}: this user may not use vector sets (deploy/redis/users-with-vector-sets.acl)`,
  unused: `${byWorkers}: they are encrypted at rest`,
};

type Info = (field: string) => string | undefined;

async function readInfo(redis: Redis): Promise<Info> {
  const text = await redis.info();
  const fields = new Map(
    text.split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  return (field) => fields.get(field);
}

/** Of a cluster each node is told of by its own address. */
async function examineNode(node: Redis, given: string): Promise<Finding[]> {
  const info = await readInfo(node);
  const { host, port } = node.options;
  const isOneOfMany = info('cluster_enabled') === '1';
  return judge(info, isOneOfMany ? `${host}:${port}` : given);
}

function judge(info: Info, address: string): Finding[] {
  return [judgeVersion, judgePolicy, judgePersistence, judgeMemory, judgeRole].flatMap((each) =>
    each(info, findingsOf('redis', address)),
  );
}

type Judge = (info: Info, say: ReturnType<typeof findingsOf>) => Finding[];

const judgeVersion: Judge = (info, { ok, fail }) => {
  const version = info('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestVersion;
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  if (isNew) return [ok(`version ${version}`)];
  return [fail(`version ${version || 'unknown'} is older than ${oldestVersion.join('.')}`)];
};

const judgePolicy: Judge = (info, { ok, warn, fail }) => {
  const policy = info('maxmemory_policy');
  if (policy === undefined)
    return [warn('does not tell its maxmemory-policy: it must be noeviction')];
  if (policy === 'noeviction') return [ok('maxmemory-policy noeviction')];
  return [fail(`maxmemory-policy ${policy} drops jobs when memory is full: set it to noeviction`)];
};

const judgePersistence: Judge = (info, { ok, warn, fail }) => {
  if (info('aof_enabled') !== '1') {
    return [warn('appendonly is off: when Redis stops, jobs since its last snapshot are lost')];
  }
  if (info('aof_last_write_status') === 'err') {
    return [fail('the last write to the append-only file failed: look at its disk')];
  }
  return [ok('appendonly is on')];
};

const judgeMemory: Judge = (info, { ok, warn, fail }) => {
  const limit = Number(info('maxmemory') ?? 0);
  const used = Number(info('used_memory') ?? 0);
  if (limit === 0)
    return [warn('maxmemory is not set: Redis may be killed when the machine is full')];
  const words = `${inMiB(used)} of ${inMiB(limit)} MiB are used`;
  return [used >= limit * fullShare ? fail(`${words}: no new jobs are taken`) : ok(words)];
};

const judgeRole: Judge = (info, { fail }) => {
  if (info('role') !== 'slave') return [];
  return [fail('is a replica, which takes no writes: name its master')];
};

function inMiB(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
