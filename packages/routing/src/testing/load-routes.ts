import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig, type Config } from '@sluice/config';
import { stringify } from 'yaml';

const providers = {
  one: { kind: 'openai-compatible', baseUrl: 'https://one.test/v1' },
  two: { kind: 'openai-compatible', baseUrl: 'https://two.test/v1' },
  dify: { kind: 'dify', baseUrl: 'https://dify.test/v1' },
};

/** The configuration of two providers, `one` and `two`, with these models and apps. */
export function loadRoutes(models: object, apps: object = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-routing-'));
  try {
    writeFileSync(join(folder, 'sluice.config.yaml'), stringify({ providers, models, apps }));
    return loadConfig({ env: {}, cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prices of a million tokens: cheap, and ten times as much. */
export const cheap = { inputPerMillion: 1, outputPerMillion: 2 };
export const dear = { inputPerMillion: 10, outputPerMillion: 20 };
