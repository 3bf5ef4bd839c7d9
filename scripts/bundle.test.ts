import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { findBundle, repository } from '../packages/boot/src/find-bundle.mjs';
import { makeBundle, programs, testPrograms } from './bundle.ts';

const traces = new URL('../packages/boot/src/map-traces.ts', import.meta.url).href;
const loader = new URL('../packages/boot/src/load-bundle.ts', import.meta.url).href;
const entries = { greet: 'apps/greet/src/run-greet.ts' };

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'apps/greet/src'), { recursive: true });
  write('apps/greet/package.json', '{ "type": "module" }');
  write('apps/greet/name.txt', 'Sluice');
  write('apps/greet/src/words.ts', `export const word: string = 'Hello';`);
  write(
    'apps/greet/src/run-greet.ts',
    `import { readFileSync } from 'node:fs';
import { STATUS_CODES, createServer } from 'node:http';
import { word } from './words.ts';
const name = readFileSync(new URL('../name.txt', import.meta.url), 'utf8');
export function run() {
  console.log(word, name, STATUS_CODES[200], typeof createServer);
  if (process.argv.includes('fail')) tryToFail();
}
/** A comment that is left out. */
function fail(): never {
  throw new Error('as expected');
}
function tryToFail() {
  try {
    fail();
  } catch (error) {
    console.log(error instanceof Error && error.stack);
  }
}
`,
  );
});

function write(path: string, text: string): void {
  writeFileSync(join(root, path), text);
}

function run(...words: string[]): string {
  const bundle = findBundle(root);
  const code = `
    import { mapTraces } from ${JSON.stringify(traces)};
    import { loadBundle } from ${JSON.stringify(loader)};
    mapTraces(${JSON.stringify(bundle)});
    loadBundle(${JSON.stringify(bundle)}, 'greet').run();`;
  const flags = ['--input-type=module', '--eval', code, ...words];
  return execFileSync(process.execPath, flags, { encoding: 'utf8' });
}

test('a bundle does what its sources do, and finds what they read beside themselves', async () => {
  await makeBundle(root, entries);
  expect(run()).toBe('Hello Sluice OK function\n');
  expect(readFileSync(`${findBundle(root)}/greet.js`, 'utf8')).not.toContain('A comment');
});

test('a second program in a process shares what the first one has loaded', async () => {
  write('apps/greet/src/count.ts', `let count = 0; export const next = () => (count += 1);`);
  const source = `import { next } from './count.ts'; export const run = () => console.log(next());`;
  write('apps/greet/src/run-greet.ts', source);
  write('apps/greet/src/run-again.ts', source);
  await makeBundle(root, { ...entries, again: 'apps/greet/src/run-again.ts' });
  const bundle = JSON.stringify(findBundle(root));
  const code = `
    import { loadBundle } from ${JSON.stringify(loader)};
    for (const program of ['greet', 'again']) loadBundle(${bundle}, program).run();`;
  const flags = ['--input-type=module', '--eval', code];
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('1\n2\n');
});

test('traces of errors name the sources', async () => {
  await makeBundle(root, entries);
  const file = pathToFileURL(join(root, 'apps/greet/src/run-greet.ts')).href;
  const [, message, first] = run('fail').split('\n');
  expect(message).toBe('Error: as expected');
  expect(first).toBe(`    at fail (${file}:11)`);
});

test.each([
  ['a source', 'apps/greet/src/words.ts', `export const word: string = 'Bye';`],
  ['a manifest', 'apps/greet/package.json', '{ "type": "module", "private": true }'],
])('a bundle is not found once %s has changed', async (_what, path, text) => {
  expect(findBundle(root)).toBeUndefined();
  await makeBundle(root, entries);
  expect(findBundle(root)).toBeDefined();
  write(path, text);
  expect(findBundle(root)).toBeUndefined();
  await makeBundle(root, entries);
  expect(findBundle(root)).toBeDefined();
});

test('a bundle is of its folder: one that was moved is not found', async () => {
  await makeBundle(root, entries);
  const { folder } = JSON.parse(readFileSync(join(root, '.tools/bundles/manifest.json'), 'utf8'));
  expect(findBundle(root)).toBe(join(root, '.tools/bundles', folder));
  expect(findBundle(`${root}/.`)).toBeUndefined();
});

test('what a run has compiled is kept for the next one, unless that finds it broken', async () => {
  await makeBundle(root, entries);
  const [folder = ''] = globSync('.tools/bundles/bundle-*', { cwd: root });
  const kept = () => globSync(`${root}/${folder}/greet.js.greet-*.code`);
  expect(kept()).toEqual([]);
  run();
  const [file = '', ...more] = kept();
  expect(more).toEqual([]);
  const { ino, size } = statSync(file);
  run();
  expect(statSync(file).ino).toBe(ino);
  writeFileSync(file, 'broken');
  expect(run()).toBe('Hello Sluice OK function\n');
  expect(statSync(file).size).toBe(size);
});

test('the bundle before stays for those who run it, and makes place for the one after the next', async () => {
  const folders: string[] = [];
  for (const word of ['one', 'two', 'three']) {
    write('apps/greet/src/words.ts', `export const word: string = '${word}';`);
    await makeBundle(root, entries);
    folders.push(findBundle(root) ?? '');
  }
  const [first = '', before = '', last = ''] = folders;
  expect(existsSync(first)).toBe(false);
  expect(readFileSync(`${before}/greet.js`, 'utf8')).toContain('two');
  expect(readFileSync(`${last}/greet.js`, 'utf8')).toContain('three');
});

test('loading the first module of a program runs nothing: a bundle may load it for what another one shares with it', () => {
  const paths = Object.values({ ...programs, ...testPrograms });
  const urls = paths.map((path) => pathToFileURL(join(repository, path)).href);
  const code = `await Promise.all(${JSON.stringify(urls)}.map((url) => import(url)))`;
  const flags = ['--input-type=module', '--eval', code];
  // Whatever one of them had started would say so, or keep the process from ending.
  const printed = execFileSync(process.execPath, flags, { encoding: 'utf8', timeout: 55_000 });
  expect(printed).toBe('');
}, 60_000);
