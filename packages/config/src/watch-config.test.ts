import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import type { Config } from './config.ts';
import { watchConfig } from './watch-config.ts';

const text = (limit: number) => `
providers: { p: { kind: openai-compatible, baseUrl: http://h, limits: { requestsPerMinute: ${limit} } } }
models: { m: p/x }
`;

test('a changed file is read again; a bad one is told and changes nothing', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const file = join(cwd, 'sluice.config.yaml');
  writeFileSync(file, text(5));
  const configs: Config[] = [];
  const errors: unknown[] = [];
  const watcher = watchConfig(
    { env: {}, cwd },
    { config: (config) => configs.push(config), error: (error) => errors.push(error) },
  );
  onTestFinished(() => watcher.close());

  writeFileSync(file, text(70));
  await vi.waitFor(() => expect(configs).toHaveLength(1), { timeout: 5_000 });
  expect(configs[0]?.lanes['p']?.buckets[0]?.limit).toBe(70);

  writeFileSync(file, 'providers: { p: 7 }');
  watcher.reload();
  expect(String(errors[0])).toContain('providers.p');
  expect(configs).toHaveLength(1);
});
