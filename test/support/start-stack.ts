import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';
import { findTestPort, startTestRedis, type TestRedisServer } from '@sluice/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest';
import { stringify } from 'yaml';

import { startChild, type Child } from './child-process.ts';
import { startHosted, type Hosted } from './hosted-programs.ts';
import type { HostedProgram } from './run-program-host.ts';
import { SimulatorControl } from './simulator-control.ts';

/** Everything of Sluice outside the test's own process, on a private Redis, in front of a simulator. */
export interface Stack {
  readonly url: string;
  readonly redis: TestRedisServer;
  readonly simulator: SimulatorControl;
  readonly workers: readonly Child[];
  /** As it was started first. */
  readonly api: Child;
  /** Starts the API again, on the same port. */
  restartApi(): Promise<Child>;
  /** Writes another `sluice.config.yaml`; processes see it within two seconds. Text is written as it is. */
  changeConfig(config: Record<string, unknown> | string): Promise<void>;
  /** Starts one more worker. */
  addWorker(options?: { file?: string; environment?: Record<string, string> }): Promise<Child>;
  /** A request with the admin key. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  submit(body: unknown, headers?: Record<string, string>): Promise<JobView>;
  /** The job once it has ended. */
  ended(jobId: string, timeoutMs?: number): Promise<JobView>;
}

export interface Reply {
  status: number;
  headers: Headers;
  /** Parsed JSON, or the text where it is none. */
  body: unknown;
}

export interface StackOptions {
  /** Worker processes. Without it API, worker and simulator are one process, which no test may end. */
  workers?: number;
  /** Merged into the simulator's provider, models and apps. */
  config?: (addresses: { simulatorUrl: string }) => Record<string, unknown>;
  /** Keep Redis's data over a restart. */
  appendOnly?: boolean;
  /** Beside what every process of the stack gets. */
  environment?: Record<string, string>;
}

export const adminKey = 'test-admin-key-of-more-than-24-characters';

/** Starts a stack that stops when the test ends; a concurrent test hands over its own `onTestFinished`. */
export async function startStack(
  options: StackOptions = {},
  onFinished: (stop: () => Promise<void>) => void = onTestFinished,
): Promise<Stack> {
  const { stack, stop } = await launchStack(options);
  onFinished(stop);
  return stack;
}

/** One stack for all tests of a file, the simulator as new before each. */
export function useStack(options: StackOptions = {}): () => Stack {
  let launched: Launched | undefined;
  const stack = () => {
    if (!launched) throw new Error('the stack starts before the tests');
    return launched.stack;
  };
  beforeAll(async () => {
    launched = await launchStack(options);
  });
  beforeEach(() => stack().simulator.reset());
  afterAll(async () => {
    // Why it could not start is told already.
    if (!launched) return;
    const denied = await deniedCommands(launched.stack.redis);
    await launched.stop();
    expect(denied, 'commands that the Redis user which is shipped may not send').toEqual([]);
  });
  return stack;
}

/** Everything that a stack does it does as that user: nothing may have been refused to it. */
async function deniedCommands({ url, pid }: TestRedisServer): Promise<unknown> {
  if (pid === undefined) return [];
  const admin = new Redis(url);
  try {
    return await admin.call('ACL', 'LOG');
  } finally {
    admin.disconnect();
  }
}

interface Launched {
  stack: Stack;
  stop: () => Promise<void>;
}

let launching: Promise<unknown> = Promise.resolve();

/**
 * Starts a stack that whoever started it stops. Stacks of concurrent tests start one after the other: a start takes the
 * processor and does not wait, so that several at once would only all be late.
 */
export async function launchStack(options: StackOptions): Promise<Launched> {
  const launched = launching.then(async () => await launch(options));
  launching = launched.catch(() => {});
  return await launched;
}

async function launch(options: StackOptions): Promise<Launched> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const redis = await startTestRedis({ appendOnly: options.appendOnly ?? false });
  const children: Child[] = [];
  const hosted: Hosted[] = [];
  const start = async (programs: HostedProgram[], more?: Record<string, string>) => {
    const child = await startHosted(programs, { ...environment, ...more });
    hosted.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([
      ...children.map((child) => child.exited),
      ...hosted.map((child) => child.close()),
    ]);
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const environment = await writeEnvironment(folder, redis, options);
  const workers: Child[] = [];
  const addWorker: Stack['addWorker'] = async ({ file, environment: more } = {}) => {
    if (file === undefined) {
      const worker = await start(['worker'], more);
      workers.push(worker);
      return worker;
    }
    const worker = await startChild({ file, environment: { ...environment, ...more } });
    children.push(worker);
    workers.push(worker);
    return worker;
  };
  const startApart = async (count: number) => {
    const [api] = await Promise.all([
      start(['api']),
      start(['simulator']),
      ...Array.from({ length: count }, () => addWorker()),
    ]);
    return api;
  };
  const api =
    options.workers === undefined
      ? await start(['simulator', 'worker', 'api'])
      : await startApart(options.workers);
  const url = `http://127.0.0.1:${environment.PORT}`;
  const restartApi = () => start(['api']);
  const simulator = new SimulatorControl(`http://127.0.0.1:${environment.SLUICE_SIMULATOR_PORT}`);
  const client = createClient(url, () =>
    [...children, ...hosted].flatMap((child) => child.ending() ?? []),
  );
  const changeConfig: Stack['changeConfig'] = (config) =>
    writeFile(environment.SLUICE_CONFIG, typeof config === 'string' ? config : stringify(config));
  const more = { restartApi, addWorker, changeConfig };
  const stack = { url, redis, simulator, workers, api, ...more, ...client };
  return { stack, stop };
}

async function writeEnvironment(folder: string, redis: TestRedisServer, options: StackOptions) {
  const simulatorPort = String(await findTestPort());
  const configFile = join(folder, 'sluice.config.yaml');
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  await writeFile(configFile, stringify((options.config ?? defaultConfig)({ simulatorUrl })));
  return {
    SLUICE_CONFIG: configFile,
    SLUICE_SIMULATOR_PORT: simulatorPort,
    // Whatever a stack does, it does with no more than the rights that are shipped.
    REDIS_URL: redis.userUrl,
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_DATA_DIR: folder,
    SLUICE_ALLOW_PRIVATE_HOSTS: '127.0.0.1',
    SLUICE_HOST: '127.0.0.1',
    PORT: String(await findTestPort()),
    ...options.environment,
  };
}

/** One chat model and one Dify app of the simulator, without limits. */
export function defaultConfig({ simulatorUrl }: { simulatorUrl: string }): Record<string, unknown> {
  return {
    providers: {
      openai: {
        kind: 'openai-compatible',
        baseUrl: `${simulatorUrl}/openai/v1`,
        apiKey: 'sim-key',
      },
      dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
    },
    models: {
      chat: {
        targets: [{ provider: 'openai', model: 'sim-chat' }],
        price: { inputPerMillion: 2, outputPerMillion: 8 },
      },
    },
    apps: { flow: { provider: 'dify', apiKey: 'app-sim' } },
    retry: { maxAttempts: 4, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
  };
}

function createClient(
  url: string,
  endings: () => string[],
): Pick<Stack, 'request' | 'submit' | 'ended'> {
  const request: Stack['request'] = async (method, path, body, headers) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  };
  return {
    request,
    async submit(body, headers) {
      const deadline = performance.now() + 10_000;
      let reply = await request('POST', '/v1/jobs', body, headers);
      while (isUnstored(reply) && performance.now() < deadline) {
        await sleep(100);
        reply = await request('POST', '/v1/jobs', body, headers);
      }
      if (reply.status !== 202) throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`);
      // The API's own reply, checked by the status.
      return reply.body as JobView;
    },
    async ended(jobId, timeoutMs = 20_000) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const reply = await request('GET', `/v1/jobs/${jobId}?wait=5&include=timeline`);
        const job = reply.body as JobView;
        if (['completed', 'failed', 'cancelled', 'expired'].includes(job.state)) return job;
        if (performance.now() > deadline) {
          const shown = [JSON.stringify(job), ...endings()].join('\n');
          throw new Error(`${jobId} did not end in ${timeoutMs} ms: ${shown}`);
        }
      }
    },
  };
}

/**
 * For a vendor's client that tries nothing again: where Redis finds no processor time for 200 ms, the API asks it to come back. Any
 * other answer is the one that the test is about. What the first try may have stored is a job that nobody reads.
 */
export const fetchPatiently: typeof fetch = async (input, init) => {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const response = await fetch(input, init);
    if (response.status !== 503 || performance.now() > deadline) return response;
    if (!(await response.clone().text()).includes('Redis')) return response;
    await sleep(100);
  }
};

/** An API or a Redis that finds no processor time says that it took nothing, and asks to come back. */
function isUnstored({ status, body }: Reply): boolean {
  return status === 503 && JSON.stringify(body).includes('nothing was stored');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
