import { execFile } from 'node:child_process';
import { Agent, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import * as fc from 'fast-check';

import { adminKey, defaultConfig, launchStack, type Stack } from '../support/start-stack.ts';
import { arbitraryRequest, type Document, type FuzzRequest } from './arbitrary-request.ts';

export interface FuzzOptions {
  requests: number;
  /** The same seed makes the same requests. */
  seed: number;
  concurrency: number;
  /** When it ends although not all were sent. */
  maxMinutes?: number;
}

export interface FuzzReport {
  sent: number;
  byStatus: Record<string, number>;
  /** Each distinct route and problem once: a 5xx, a connection that was cut, an error that is none of ours. */
  findings: string[];
  /** Resident memory of the API while they were sent. */
  memory: MemorySample[];
  /** How it grew over the last two thirds, the first being its warm-up: the slope of the line of least squares. */
  kibPerThousandRequests: number;
  seconds: number;
  /** Whether it still answers. */
  alive: boolean;
}

export interface MemorySample {
  sent: number;
  rssMiB: number;
  /** Since the sample before. */
  requestsPerSecond: number;
}

/** Looks at the memory in a run; a short one has as many as it has portions. */
const samplesWanted = 24;

/** Requests are generated in portions, so that a long run holds few of them. */
const portion = 250;
const timeoutMs = 20_000;

/** Starts an API on a Redis of its own and sends it what the grammar makes of its own OpenAPI document. */
export async function fuzzApi(options: FuzzOptions): Promise<FuzzReport> {
  // A heap without a bound grows for as long as there is memory, and tells nothing of leaks.
  const environment = { NODE_OPTIONS: '--max-old-space-size=160' };
  const { stack, stop } = await launchStack({ workers: 0, config: withExampleModel, environment });
  try {
    return await fuzz(stack, options);
  } finally {
    await stop();
  }
}

/** The model that the document's example names is there, so that the example is accepted. */
function withExampleModel(addresses: { simulatorUrl: string }): Record<string, unknown> {
  const { models, ...rest } = defaultConfig(addresses);
  const exampleModel = { targets: [{ provider: 'openai', model: 'sim-chat' }] };
  return { ...rest, models: { ...(models as object), 'sim-chat': exampleModel } };
}

async function fuzz(
  stack: Stack,
  { requests, seed, concurrency, maxMinutes = 30 }: FuzzOptions,
): Promise<FuzzReport> {
  const { body: document } = await stack.request('GET', '/openapi.json');
  const { body: made } = await stack.request('POST', '/v1/admin/keys', {
    tenant_id: 'default',
    scopes: ['read'],
  });
  const tenant = (made as { key?: string }).key;
  const keys = { admin: adminKey, tenant, none: undefined, wrong: 'wrong' };
  const arbitrary = arbitraryRequest(document as Document, keys);
  const run = new FuzzRun(stack.url, concurrency);
  const startedMs = performance.now();
  const memory: MemorySample[] = [];
  let last = { sent: 0, atMs: startedMs };
  const isLate = () => performance.now() - startedMs > maxMinutes * 60_000;
  for (let sent = 0; sent < requests && !isLate() && !stack.api.ending(); sent += portion) {
    const numRuns = Math.min(portion, requests - sent);
    await run.sendAll(fc.sample(arbitrary, { numRuns, seed: seed + sent }));
    const done = sent + numRuns;
    if (done - last.sent < requests / samplesWanted && done < requests) continue;
    const atMs = performance.now();
    const rssMiB = await residentMiB(stack);
    if (rssMiB === undefined) break;
    const requestsPerSecond = Math.round(((done - last.sent) * 1_000) / (atMs - last.atMs));
    memory.push({ sent: done, rssMiB, requestsPerSecond });
    last = { sent: done, atMs };
  }
  const ending = stack.api.ending();
  run.close();
  return {
    sent: last.sent,
    byStatus: run.byStatus,
    findings: [...(ending ? [ending] : []), ...run.findings.values()],
    memory,
    kibPerThousandRequests: slopeOf(memory.filter(({ sent }) => sent >= requests / 3)),
    alive: ending === undefined,
    seconds: Math.round((performance.now() - startedMs) / 1_000),
  };
}

/** KiB per thousand requests, by least squares: one garbage collection more or less does not decide. */
function slopeOf(samples: readonly MemorySample[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanSent = mean(samples.map(({ sent }) => sent));
  const meanRss = mean(samples.map(({ rssMiB: rss }) => rss));
  let [above, below] = [0, 0];
  for (const { sent, rssMiB: rss } of samples) {
    above += (sent - meanSent) * (rss - meanRss);
    below += (sent - meanSent) ** 2;
  }
  return below === 0 ? 0 : Math.round((above / below) * 1_024 * 1_000);
}

/** Asked of the system: the API's own metrics do not tell it. `undefined` where the process has ended. */
async function residentMiB({ api }: Stack): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(api.pid)]);
    return Math.round(Number(stdout) / 1_024);
  } catch (error) {
    await api.exited.catch(() => error);
    return undefined;
  }
}

class FuzzRun {
  readonly byStatus: Record<string, number> = {};
  readonly findings = new Map<string, string>();
  readonly #known: string[] = ['openai', 'dify', 'default'];
  readonly #agent: Agent;
  readonly #url: string;
  readonly #concurrency: number;

  constructor(url: string, concurrency: number) {
    this.#url = url;
    this.#concurrency = concurrency;
    this.#agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  }

  async sendAll(requests: readonly FuzzRequest[]): Promise<void> {
    const queue = requests.values();
    const drain = async () => {
      for (const request of queue) await this.#send(request);
    };
    await Promise.all(Array.from({ length: this.#concurrency }, drain));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(fuzzed: FuzzRequest): Promise<void> {
    const known = this.#known[fuzzed.pick % this.#known.length] ?? '';
    const path = fuzzed.path.replaceAll('{known}', known);
    try {
      const { status, body } = await this.#exchange({ ...fuzzed, path });
      this.byStatus[status] = (this.byStatus[status] ?? 0) + 1;
      this.#learn(body);
      const problem = problemOf(status, body, fuzzed);
      if (problem) this.#report(fuzzed, path, problem);
    } catch (error) {
      // A body that was refused before it was whole ends with its connection.
      this.#report(fuzzed, path, `no answer: ${String(error)}`);
    }
  }

  async #exchange({ method, path, headers, body }: FuzzRequest) {
    const length = body ? { 'content-length': String(body.length) } : {};
    const { hostname, port } = new URL(this.#url);
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const request = httpRequest(
      {
        hostname,
        port,
        agent: this.#agent,
        method,
        path,
        headers: { ...headers, ...length },
        timeout: timeoutMs,
      },
      (response) => {
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          // The events of a live job: nobody ends it here, so they would go on for ever.
          resolve({ status: response.statusCode ?? 0, body: '' });
          response.destroy();
          return;
        }
        text(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, body: answer }),
          reject,
        );
      },
    );
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`none in ${timeoutMs} ms`)));
    request.end(body);
    return await promise;
  }

  /** Ids of what exists make later requests reach deeper. The first 300 are enough. */
  #learn(body: string): void {
    if (this.#known.length >= 300) return;
    const id = /"id":"([\w-]{1,80})"/.exec(body)?.[1];
    if (id !== undefined) this.#known.push(id);
  }

  #report({ method, body, headers }: FuzzRequest, path: string, problem: string): void {
    const route = `${method} ${path.split('?')[0]?.split('/').slice(0, 4).join('/')}`;
    const sent = body?.subarray(0, 400).toString() ?? '';
    const shown = `${problem}\n  ${method} ${path} ${JSON.stringify(headers)}\n  ${sent}`;
    if (this.findings.size < 50) this.findings.set(`${route} ${problem.slice(0, 30)}`, shown);
  }
}

function problemOf(
  status: number,
  body: string,
  { method, path }: FuzzRequest,
): string | undefined {
  // No worker runs here, and /readyz says so after a while.
  if (
    status === 503 &&
    path.startsWith('/readyz') &&
    (method === 'HEAD' || body.includes('no worker'))
  )
    return undefined;
  // Nor does it answer a call that waits for its answer.
  if (status === 504 && body.includes('"wait_timeout"')) return undefined;
  if (status >= 500) return `${status}: ${body.slice(0, 300)}`;
  if (status < 400 || method === 'HEAD') return undefined;
  // OpenAI's form, or on the routes of Anthropic and Dify their own.
  return /^\{("type":"error",)?"error":\{"(message|type)":|^\{"code":"\w+","message":/.test(body)
    ? undefined
    : `${status} in another form: ${body.slice(0, 200)}`;
}
