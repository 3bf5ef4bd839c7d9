import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheModes, cacheStrategies } from '@sluice/contracts';
import { describe, expect, it, onTestFinished } from 'vitest';

import { cacheSection } from './cache-section.ts';
import { loadConfig } from './load-config.ts';

const page = readFileSync(
  fileURLToPath(new URL('../../../docs/caching.md', import.meta.url)),
).toString();

/** The first and the second cell of each row of the table behind a heading's name of its first column. */
function rowsOf(column: string): [string, string][] {
  const table =
    new RegExp(`^\\| ${column} .*\\n\\|[ -|]+\\n((?:\\|.*\\n)+)`, 'm').exec(page)?.[1] ?? '';
  return table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, first = '', second = '']) => [first, second]);
}

describe('docs/caching.md', () => {
  it('shows a configuration that is valid', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'sluice-caching-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    writeFileSync(join(cwd, 'sluice.config.yaml'), yaml);
    const { routes } = loadConfig({
      env: { OPENAI_API_KEY: 'sk-1', DIFY_SUPPORT_KEY: 'app-1' },
      cwd,
    });
    expect(routes.chat['fast']?.cache).toMatchObject({
      ttlMs: 3_600_000,
      staleIfErrorMs: 86_400_000,
    });
    expect(routes.chat['faq']?.cache?.semantic).toEqual({
      threshold: 0.9,
      embeddingModel: 'vectors',
    });
    expect(routes.workflow['support']?.cache?.version).toBe('2026-11-27');
    expect(() => {
      writeFileSync(
        join(cwd, 'sluice.config.yaml'),
        yaml.replace('embeddingModel: vectors', 'embeddingModel: vector'),
      );
      loadConfig({ env: { OPENAI_API_KEY: 'sk-1', DIFY_SUPPORT_KEY: 'app-1' }, cwd });
    }).toThrow('unknown model "vector"');
  });

  it('names every key of a `cache` section with its default', () => {
    const { semantic: _semantic, ...defaults } = cacheSection.parse({ ttlSeconds: 1 });
    const said = Object.fromEntries(rowsOf('key'));
    expect(Object.keys(said).toSorted()).toEqual(Object.keys(cacheSection.shape).toSorted());
    for (const [key, value] of Object.entries(defaults)) {
      if (key !== 'ttlSeconds') expect({ [key]: said[key] }).toEqual({ [key]: String(value) });
    }
  });

  it('names every mode and every strategy', () => {
    expect(rowsOf('mode').map(([mode]) => mode)).toEqual([...cacheModes]);
    expect(rowsOf('strategy').map(([strategy]) => strategy)).toEqual([...cacheStrategies]);
  });
});
