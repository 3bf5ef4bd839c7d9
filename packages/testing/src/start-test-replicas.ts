import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newSecret, startRedisProcess, type RedisProcess, type RedisServer } from '@sluice/runtime';
import { Redis } from 'ioredis';

import { findTestPort } from './find-test-port.ts';
import { findTestRedis } from './find-test-redis.ts';
import { writeUsers } from './start-test-redis.ts';
import { waitFor } from './wait-for.ts';

/** Redis as several processes, one of which may die. */
export interface TestReplicas {
  /** `REDIS_URL` of the user that is shipped. */
  readonly userUrl: string;
  /** SIGKILL to the master that has the jobs of the first shard, once its replica has all that it was given. */
  killMaster(): Promise<void>;
  stop(): Promise<void>;
}

interface Server {
  port: number;
  process: RedisProcess;
  redis: Redis;
}

/** How long a node may be silent before it is taken for dead. */
const deadAfterMs = 1_000;

/** The nodes of a cluster talk to each other on a port that is so far above their own. */
const busPortAbove = 10_000;

/** Three masters, and a replica of the one that has the jobs of the first shard. */
export async function startTestCluster(): Promise<TestReplicas> {
  const group = await startGroup();
  const lines = ['cluster-enabled yes', `cluster-node-timeout ${deadAfterMs}`];
  const servers = await group.start(4, lines);
  const [first, second, third, replica] = servers as [Server, Server, Server, Server];
  const masters = [first, second, third];
  const share = 16_384 / masters.length;
  for (const [i, { redis }] of masters.entries()) {
    const range = [Math.ceil(i * share), Math.ceil((i + 1) * share) - 1];
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', ...range);
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  for (const { port } of servers.slice(1)) await first.redis.cluster('MEET', '127.0.0.1', port);
  const slot = await first.redis.cluster('KEYSLOT', '{sluice:0}');
  const master = masters[Math.floor(slot / share)] ?? first;
  const masterId = String(await master.redis.call('CLUSTER', 'MYID'));
  await waitFor(async () => String(await replica.redis.cluster('NODES')).includes(masterId));
  await replica.redis.call('CLUSTER', 'REPLICATE', masterId);
  for (const { redis } of servers) {
    await waitFor(async () => (await redis.cluster('INFO')).includes('cluster_state:ok'));
  }
  const nodes = masters.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return group.asReplicas(`redis+cluster://sluice:${group.password}@${nodes}`, master);
}

/** A master, its replica, and a Sentinel that puts the replica in the master's place. */
export async function startTestSentinel(): Promise<TestReplicas> {
  const group = await startGroup();
  const [master, replica] = (await group.start(2)) as [Server, Server];
  await replica.redis.replicaof('127.0.0.1', master.port);
  const watched = 'sentinel monitor jobs 127.0.0.1';
  const sentinel = await group.startSentinel([
    `${watched} ${master.port} 1`,
    `sentinel auth-pass jobs ${group.password}`,
    `sentinel down-after-milliseconds jobs ${deadAfterMs}`,
    'sentinel failover-timeout jobs 5000',
  ]);
  const knowsReplica = async () => (await sentinel.redis.info()).includes('slaves=1');
  await waitFor(knowsReplica, { timeoutMs: 20_000 });
  const { password } = group;
  const query = `sentinel_password=${password}`;
  const url = `redis+sentinel://sluice:${password}@127.0.0.1:${sentinel.port}/jobs?${query}`;
  return group.asReplicas(url, master);
}

/** Processes that enter each other's by one password, and end together. */
interface Group {
  password: string;
  start(count: number, lines?: readonly string[]): Promise<Server[]>;
  startSentinel(lines: readonly string[]): Promise<Server>;
  asReplicas(userUrl: string, master: Server): TestReplicas;
}

async function startGroup(): Promise<Group> {
  const server = await findTestRedis();
  const password = newSecret(12);
  const root = await mkdtemp(join(tmpdir(), 'sluice-test-replicas-'));
  const started: Server[] = [];
  const startOne = async (lines: readonly string[], isSentinel = false): Promise<Server> => {
    const dataDir = await mkdtemp(join(root, 'redis-'));
    const aclFile = isSentinel ? undefined : await writeUsers('users.acl', { dataDir, password });
    const port = await findTestPort({ above: busPortAbove });
    // A master waits 5 s for more replicas before it gives the first one its data.
    const more = [...lines, `masterauth ${password}`, 'repl-diskless-sync-delay 0'];
    const settings = { port, password, dataDir, aclFile, persistence: 'none', more } as const;
    const program = isSentinel ? await asSentinel(server, dataDir) : server;
    const process = await startRedisProcess(program, settings);
    const redis = new Redis(port, '127.0.0.1', { password });
    redis.on('error', () => {}); // One of them is killed.
    const one = { port, process, redis };
    started.push(one);
    return one;
  };
  return {
    password,
    start: (count, lines = []) => Promise.all(Array.from({ length: count }, () => startOne(lines))),
    startSentinel: (lines) => startOne(lines, true),
    asReplicas: (userUrl, master) => ({
      userUrl,
      killMaster: () => killMaster(master),
      stop: () => stopAll(started, root),
    }),
  };
}

/** What the program does goes by its name. */
async function asSentinel(server: RedisServer, folder: string): Promise<RedisServer> {
  if (server.kind === 'docker') return server;
  const program = join(folder, 'redis-sentinel');
  await symlink(server.program, program);
  return { ...server, program };
}

async function killMaster({ redis, process }: Server): Promise<void> {
  // Else what it acknowledged in its last moment would be lost with it: replication does not wait.
  await redis.client('PAUSE', 10_000, 'WRITE');
  await waitFor(async () => isReplicated(await redis.info('replication')));
  redis.disconnect();
  await process.kill();
}

async function stopAll(started: readonly Server[], root: string): Promise<void> {
  for (const { redis } of started) redis.disconnect();
  await Promise.all(started.map(({ process }) => process.kill()));
  await rm(root, { recursive: true, force: true });
}

/** Whether the replica has all that its master has. */
function isReplicated(info: string): boolean {
  const has = /^slave0:.*state=online,offset=(\d+)/m.exec(info)?.[1];
  return has !== undefined && has === /^master_repl_offset:(\d+)/m.exec(info)?.[1];
}
