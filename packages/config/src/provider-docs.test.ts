import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { modelTypes } from '@sluice/contracts';
import { afterAll, describe, expect, it } from 'vitest';

import { adapterKinds } from './adapter-kinds.ts';
import { loadConfig } from './load-config.ts';

const docsFolder = fileURLToPath(new URL('../../../docs/providers', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Each page by the kind that it is named after, and the configurations on it. */
const pages = readdirSync(docsFolder).map((name) => {
  const text = readFileSync(join(docsFolder, name), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  return { kind: name.replace(/\.md$/, ''), text, blocks };
});
const blocks = pages.flatMap(({ kind, blocks: all }) => {
  return all.map((yaml, index) => ({ kind, yaml, index }));
});

describe('the pages of the providers', () => {
  it('are one for each kind, with a configuration', () => {
    expect(pages.map(({ kind }) => kind).sort()).toEqual(Object.keys(adapterKinds).sort());
    expect(pages.filter((page) => page.blocks.length === 0)).toEqual([]);
  });

  it.each(blocks)('$kind: configuration $index loads', ({ kind, yaml, index }) => {
    const file = join(scratch, `${kind}-${index}.yaml`);
    writeFileSync(file, yaml);
    // Every variable that has no default must be a key: nothing else is needed to start.
    const keys = [...yaml.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = '']) => name);
    const env = Object.fromEntries(keys.map((name) => [name, 'sk-docs']));
    const config = loadConfig({ env, cwd: scratch, file });
    const routes = Object.values(config.routes).flatMap((ofType) => Object.values(ofType));
    const targets = routes.flatMap((route) => route.targets);
    expect(new Set(targets.map(({ provider }) => provider.kind))).toEqual(new Set([kind]));
    expect(new Set(targets.map(({ provider }) => provider.name))).toEqual(
      new Set(Object.keys(config.providers)),
    );
  });

  it('and that of the job types has configurations that load', () => {
    const text = readFileSync(join(docsFolder, '../job-types.md'), 'utf8');
    const types = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => {
      const file = join(scratch, 'job-types.yaml');
      writeFileSync(file, yaml);
      const env = { OPENAI_API_KEY: 'sk-docs', COHERE_API_KEY: 'sk-docs' };
      const { routes } = loadConfig({ env, cwd: scratch, file });
      return Object.values(routes).flatMap((ofType) => Object.values(ofType))[0]?.type;
    });
    expect(types).toEqual(modelTypes.filter((type) => type !== 'chat'));
  });

  it('link to pages that exist', () => {
    const names = readdirSync(docsFolder);
    const links = pages.flatMap(({ text }) => [...text.matchAll(/\]\(([^)#:]+)\)/g)]);
    expect(links.map(([, target]) => target).filter((link) => !names.includes(link ?? ''))).toEqual(
      [],
    );
  });
});
