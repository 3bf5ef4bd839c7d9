import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig, type Config } from '@sluice/config';
import { checkKeys, createAdapters, createHttpClient } from '@sluice/providers';
import { ParkedKeys } from '@sluice/limits';
import { createLogger, systemClock } from '@sluice/runtime';
import { createSimulator } from '@sluice/simulator';
import { testRedis, waitFor } from '@sluice/testing';
import { startWorker } from '@sluice/worker';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';

/** Every kind of provider against the simulator: which keys it takes, and which models it lists for them. */
const simulator = createSimulator();
const adapterFor = createAdapters(
  createHttpClient({ connections: { allowPrivateHosts: ['127.0.0.1'] } }),
);
const { signal } = new AbortController();

beforeAll(() => simulator.listen());
afterAll(() => simulator.close());

const paths: Record<string, string> = {
  openai: '/openai/v1',
  'azure-openai': '/azure/openai/v1',
  anthropic: '/anthropic',
  gemini: '/gemini',
  ollama: '/ollama',
  'openai-compatible': '/openai/v1',
};

async function configOf(sections: Record<string, unknown>): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'sluice.config.yaml');
  await writeFile(file, stringify({ allowPrivateHosts: ['127.0.0.1'], ...sections }));
  return loadConfig({ env: {}, cwd: folder, file });
}

async function everyKind(): Promise<Config> {
  const providers = Object.entries(paths).map(([kind, path]) => [
    kind,
    { kind, baseUrl: `${simulator.url}${path}`, apiKeys: ['good-key', 'invalid-key'] },
  ]);
  return await configOf({
    providers: {
      ...Object.fromEntries(providers),
      dify: { kind: 'dify', baseUrl: `${simulator.url}/dify/v1` },
    },
    models: { fast: 'openai/sim-chat' },
    apps: {
      flow: { provider: 'dify', apiKey: 'app-good' },
      twin: { provider: 'dify', apiKey: 'app-good' },
      broken: { provider: 'dify', apiKey: 'invalid-key' },
    },
  });
}

test('a good key works and a bad one is refused, at every provider and for every app', async () => {
  const checks = await checkKeys(await everyKind(), { adapterFor, signal });
  const shown = checks.map(({ provider, apiKey, apps, state }) => [
    [provider.name, ...apps].join(' '),
    apiKey,
    state,
  ]);
  // Ollama on a machine of one's own asks for no key, so that none can be shown to be good.
  const expected = Object.keys(paths).flatMap((kind) => [
    [kind, 'good-key', kind === 'ollama' ? 'unclear' : 'works'],
    [kind, 'invalid-key', 'refused'],
  ]);
  expect(shown).toEqual([
    ...expected,
    ['dify flow twin', 'app-good', 'works'],
    ['dify broken', 'invalid-key', 'refused'],
  ]);
  for (const { error } of checks) expect(error?.message ?? '').not.toContain('invalid-key');
});

test.each(Object.keys(paths))('%s lists its models', async (kind) => {
  const provider = (await everyKind()).providers[kind];
  if (!provider) throw new Error(`no provider ${kind}`);
  const page = await adapterFor(kind).listModels?.({ provider, apiKey: 'good-key', signal });
  const ids = page?.models.map(({ id }) => id.replace(/:latest$/, ''));
  expect(ids).toContain('sim-chat');
  expect(page?.next).toBeUndefined();
});

test('a server without a list, a list that is not for this key and a rate limit prove nothing', async () => {
  const config = await configOf({
    providers: {
      lists: { kind: 'openai-compatible', baseUrl: `${simulator.url}/openai/v1`, apiKey: 'key' },
      none: { kind: 'openai-compatible', baseUrl: `${simulator.url}/nowhere`, apiKey: 'key' },
      wrong: { kind: 'openai', baseUrl: `${simulator.url}/nowhere`, apiKey: 'key' },
    },
    models: { fast: 'lists/sim-chat' },
  });
  const states = async () =>
    (await checkKeys(config, { adapterFor, signal })).map(({ state }) => state);
  expect(await states()).toEqual(['works', 'unclear', 'failed']);
  for (const status of [403, 429]) {
    simulator.state.faults.add({ match: { kind: 'models' }, fault: { kind: 'status', status } });
    expect(await states()).toEqual(['unclear', 'unclear', 'failed']);
  }
  simulator.state.faults.add({ match: { kind: 'models' }, fault: { kind: 'status', status: 402 } });
  expect(await states()).toEqual(['refused', 'unclear', 'failed']);
});

test('a worker that is asked to parks the keys that are refused before a job meets them', async () => {
  const { redis, url, root } = await testRedis();
  const config = { ...(await everyKind()), redisUrl: url, root, checkKeys: true };
  const log = createLogger({ name: 'test', level: 'silent' });
  const parked = new ParkedKeys({ redis, root, clock: systemClock });
  const openAi = config.providers['openai'];
  if (!openAi) throw new Error('no provider openai');
  const worker = await startWorker({ config, roles: ['run'], log });
  onTestFinished(() => worker.close(1_000));
  await waitFor(async () => (await parked.look())(openAi, 'invalid-key').length > 0);
  const parkingsOf = await parked.look();
  expect(parkingsOf(openAi, 'invalid-key')).toMatchObject([{ code: 'upstream_auth' }]);
  expect(parkingsOf(openAi, 'good-key')).toEqual([]);
});
