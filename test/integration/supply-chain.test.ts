import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** By name; of the lock file by name and version. */
type Versions = Readonly<Record<string, { version: string }>>;
type Kinds<Of> = Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Of>>;

const workspace = parse(text('pnpm-workspace.yaml')) as {
  catalog: Record<string, string>;
  allowBuilds: Record<string, boolean>;
  minimumReleaseAge: number;
};
const lock = parse(text('pnpm-lock.yaml')) as {
  importers: Record<string, Kinds<Versions>>;
  packages: Record<string, { resolution: { integrity?: string } }>;
  snapshots: Record<string, Kinds<Record<string, string>>>;
};

/** All that the processes of an operator load: what apps depend on, without what only tests need. */
function runtimePackages(): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    const { dependencies = {} } = lock.snapshots[name] ?? {};
    for (const [dependency, version] of Object.entries(dependencies)) {
      visit(`${dependency}@${version}`);
    }
  };
  const importers = new Set<string>();
  const visitImporter = (folder: string) => {
    if (importers.has(folder)) return;
    importers.add(folder);
    const { dependencies = {} } = lock.importers[folder] ?? {};
    for (const [name, { version }] of Object.entries(dependencies)) {
      if (version.startsWith('link:')) visitImporter(normalize(join(folder, version.slice(5))));
      else visit(`${name}@${version}`);
    }
  };
  for (const app of ['apps/api', 'apps/worker', 'apps/cli']) visitImporter(app);
  return found;
}

test('every dependency is one version of the catalog, to the last digit', () => {
  for (const [name, version] of Object.entries(workspace.catalog)) {
    expect({ name, version }).toEqual({ name, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  }
  const folders = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  for (const folder of ['.', 'test', 'examples', ...folders]) {
    const manifest = JSON.parse(text(`${folder}/package.json`)) as Kinds<Record<string, string>>;
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const ranges = [dependencies, devDependencies, optionalDependencies].flatMap((each) =>
      Object.values(each ?? {}),
    );
    const loose = ranges.filter((range) => !/^(catalog:|workspace:\*)$/.test(range));
    expect({ folder, loose }).toEqual({ folder, loose: [] });
  }
});

test('every package is locked by its digest, old enough to be known, and runs nothing when it is installed', () => {
  const packages = Object.entries(lock.packages);
  expect(packages.length).toBeGreaterThan(100);
  for (const [name, { resolution }] of packages) {
    expect({ name, integrity: resolution.integrity }).toMatchObject({
      integrity: expect.stringMatching(/^sha512-/),
    });
  }
  expect(Object.values(workspace.allowBuilds)).not.toContain(true);
  expect(workspace.minimumReleaseAge).toBeGreaterThanOrEqual(1_440);
});

test('what processes load is no more than is known: whoever adds to it says so here', () => {
  const loaded = runtimePackages();
  expect(loaded.size).toBeGreaterThan(50);
  expect(loaded.size).toBeLessThanOrEqual(160);
  const forTests = ['vitest', 'fast-check', 'typescript', 'autocannon', 'testcontainers', 'openai'];
  const names = [...loaded].map((name) => name.replace(/(?<=.)@.*$/, ''));
  expect(names.filter((name) => forTests.includes(name))).toEqual([]);
});
