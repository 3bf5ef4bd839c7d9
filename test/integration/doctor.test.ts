import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createSimulator } from '@sluice/simulator';
import { startTestRedis, type TestRedisServer } from '@sluice/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';

/** `sluice doctor` as people call it, against a real Redis and the simulator. */
const simulator = createSimulator();
let redis: TestRedisServer;

beforeAll(async () => {
  await simulator.listen();
  redis = await startTestRedis({ appendOnly: true });
});
afterAll(async () => {
  await redis.stop();
  await simulator.close();
});

interface Finding {
  area: string;
  subject: string;
  state: string;
  message: string;
}

const command = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));

async function doctor(
  config: unknown,
  {
    flags = ['--json'],
    redisUrl = redis.url,
  }: { flags?: string[]; redisUrl?: string | undefined } = {},
): Promise<{ code: number; text: string; findings: Finding[] }> {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-doctor-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const file = join(cwd, 'sluice.config.yaml');
  await writeFile(file, stringify(config));
  const env = { PATH: process.env['PATH'], ...(redisUrl && { REDIS_URL: redisUrl }) };
  return await new Promise((resolve) => {
    execFile(process.execPath, [command, 'doctor', ...flags], { cwd, env }, (error, text) => {
      // The command's own output.
      const { findings } = flags.includes('--json')
        ? (JSON.parse(text) as { findings: Finding[] })
        : { findings: [] };
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text, findings });
    });
  });
}

function configOf(apiKey: string, model = 'sim-chat'): object {
  return {
    providers: {
      acme: { kind: 'openai', baseUrl: `${simulator.url}/openai/v1`, apiKey },
      flows: { kind: 'dify', baseUrl: `${simulator.url}/dify/v1` },
    },
    models: {
      fast: { targets: [`acme/${model}`], price: { inputPerMillion: 1, outputPerMillion: 2 } },
    },
    apps: { report: { provider: 'flows', apiKey: 'app-good-0123456789-abcd' } },
    allowPrivateHosts: ['127.0.0.1'],
  };
}

const states = (findings: Finding[], area: string) =>
  findings.filter((each) => each.area === area).map(({ subject, state }) => [subject, state]);

test('a start that will work is told to be well, and every key is named by its end only', async () => {
  const { code, findings, text } = await doctor(configOf('sk-good-0123456789-wxyz'));
  expect(findings.filter(({ state }) => state === 'fail')).toEqual([]);
  expect(code).toBe(0);
  expect(states(findings, 'provider')).toEqual([
    ['acme: key …wxyz', 'ok'],
    ['flows: key …abcd of report', 'ok'],
  ]);
  expect(states(findings, 'model')).toEqual([['fast', 'ok']]);
  expect(findings.filter(({ area }) => area === 'redis').map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'answers',
      'maxmemory-policy noeviction',
      'appendonly is on',
      expect.stringMatching(
        /^the semantic cache compares questions (here, in vector sets|in the memory of workers: no vector sets here)$/,
      ),
    ]),
  );
  expect(text).not.toContain('0123456789');
});

test('a refused key fails, a model that is not listed and a price that is not known are warnings', async () => {
  const refused = await doctor(configOf('invalid-key'));
  expect(refused.code).toBe(1);
  expect(states(refused.findings, 'provider')[0]).toEqual(['acme: key …', 'fail']);

  const config = { ...configOf('sk-good-0123456789-wxyz'), models: { fast: 'acme/no-such-model' } };
  const { code, findings } = await doctor(config);
  expect(code).toBe(0);
  expect(findings.filter(({ area }) => area === 'model')).toMatchObject([
    { state: 'warn', message: expect.stringContaining('no price of acme/no-such-model') },
    { state: 'warn', message: expect.stringContaining('acme does not list no-such-model') },
  ]);
});

test('a Redis that drops keys, and one that does not answer, fail', async () => {
  const client = new Redis(redis.url);
  onTestFinished(async () => {
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    client.disconnect();
  });
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const dropping = await doctor(configOf('sk-good-0123456789-wxyz'));
  expect(dropping.code).toBe(1);
  expect(dropping.findings).toContainEqual(
    expect.objectContaining({
      area: 'redis',
      state: 'fail',
      message: expect.stringContaining('noeviction'),
    }),
  );

  const away = await doctor(configOf('sk-good-0123456789-wxyz'), {
    redisUrl: 'redis://127.0.0.1:1',
  });
  expect(away.code).toBe(1);
  expect(states(away.findings, 'redis')).toEqual([['127.0.0.1:1', 'fail']]);
});

test('a configuration that cannot be read is told line by line, as a table too', async () => {
  const wrong = { providers: { acme: { kind: 'openay' } }, models: { fast: 'acne/x' } };
  const { code, findings } = await doctor(wrong);
  expect(code).toBe(1);
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringContaining('providers.acme.kind'),
    expect.stringContaining('unknown provider "acne"'),
  ]);
  const { text } = await doctor(wrong, { flags: [] });
  expect(text).toMatch(/^configuration\n {2}FAIL {2}.*openay/);
  expect(text).toContain('2 to mend, 0 to look at');
});
