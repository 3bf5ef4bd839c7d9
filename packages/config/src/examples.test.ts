import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { loadConfig } from './load-config.ts';

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));
const nowhere = '/nonexistent';

/** What each example asks for; the others must need nothing. */
const env = {
  OPENAI_API_KEY: 'sk-1',
  DEEPSEEK_API_KEY: 'sk-2',
  DIFY_API_KEY: 'app-1',
  DIFY_SUPPORT_KEY: 'app-2',
  DIFY_REPORT_KEY: 'app-3',
  DIFY_BACKUP_KEY: 'app-4',
};

const files = ['config', 'examples/config'].flatMap((folder) =>
  readdirSync(join(rootFolder, folder)).map((name) => join(folder, name)),
);

describe('the example', () => {
  it.each(files)('%s loads', (name) => {
    const config = loadConfig({ env, cwd: nowhere, file: join(rootFolder, name) });
    const routes = Object.values(config.routes).flatMap((ofType) => Object.values(ofType));
    expect(routes.length).toBeGreaterThan(0);
    const targets = routes.flatMap((route) => route.targets);
    expect(Object.keys(config.lanes)).toEqual(
      expect.arrayContaining(targets.map((target) => target.lane)),
    );
    // Whoever starts from an example sees what a chat costs.
    const chats = targets.filter((target) => target.provider.kind !== 'dify');
    expect(chats.filter((target) => target.price === undefined)).toEqual([]);
  });

  it('simulator.yaml is what runs without a file', () => {
    const file = join(rootFolder, 'examples/config/simulator.yaml');
    // Only a file has to say that its addresses are meant.
    const allowed = { allowPrivateHosts: ['127.0.0.1'] };
    expect(loadConfig({ env: {}, cwd: nowhere, file })).toEqual({
      ...loadConfig({ env: {}, cwd: nowhere }),
      ...allowed,
    });
  });

  it('sluice.config.example.yaml shows the defaults', () => {
    const file = join(rootFolder, 'config/sluice.config.example.yaml');
    const shown = loadConfig({ env, cwd: nowhere, file });
    const {
      root,
      shards,
      server,
      jobs,
      retry,
      webhooks,
      allowPrivateHosts,
      worker,
      checkKeys,
      usage,
    } = loadConfig({
      env: {},
      cwd: nowhere,
    });
    const defaults = {
      root,
      shards,
      server,
      jobs,
      retry,
      webhooks,
      allowPrivateHosts,
      worker,
      checkKeys,
      usage,
    };
    expect(shown).toMatchObject(defaults);
    expect(shown.providers['openai']!.timeouts).toEqual({ firstByteMs: 120_000, idleMs: 300_000 });
  });
});
