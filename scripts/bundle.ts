/**
 * Puts the modules of each program into a few files, from which `packages/boot` loads it: a thousand files take a process
 * longer to open and link than to run. A cache, not a build: it is made of the sources as they are, stands in `.tools`, and
 * where one of its files has changed since, or it is not there, the sources run.
 */
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { rolldown, type OutputChunk, type Plugin } from 'rolldown';

import {
  bundlesOf,
  readManifest,
  repository,
  stateOf,
  type Manifest,
} from '../packages/boot/src/find-bundle.mjs';
import type { BundleLines } from '../packages/boot/src/map-traces.ts';

/** The first module of each, which exports `run`. */
export const programs = {
  api: 'apps/api/src/run-api.ts',
  worker: 'apps/worker/src/run-worker.ts',
  cli: 'apps/cli/src/run-command.ts',
  simulator: 'apps/simulator/src/run-simulator.ts',
};

/** What only tests start: `--with-tests` puts it into the bundle, so that no start of a user waits for it. */
export const testPrograms = {
  'crashing-worker': 'test/support/run-crashing-worker.ts',
  'program-host': 'test/support/run-program-host.ts',
  'stuck-worker': 'test/support/run-stuck-worker.ts',
};

/** Decide which files a name means. The first is pnpm's own note of what it installed, and stands for all files of that. */
const resolution = [
  'node_modules/.pnpm/lock.yaml',
  '{apps,packages}/*/package.json',
  'test/package.json',
];

/**
 * Makes the bundle of what the files below `root` are now; `entries` are the programs' first files by their names. The bundle
 * in use goes on standing until the new one is whole.
 */
export async function makeBundle(root: string, entries: Record<string, string>): Promise<void> {
  const inputs = new Map<string, string>();
  for (const path of globSync(resolution, { cwd: root })) {
    inputs.set(join(root, path), stateOf(join(root, path)));
  }
  const bundles = bundlesOf(root);
  removeOld(bundles);
  // A name that never returns: what old processes keep of what they compiled must not come to lie beside other code.
  const folder = mkdtempSync(join(bundles.folder, 'bundle-'));
  // Else whoever runs Sluice as another user than set it up could not read it.
  chmodSync(folder, 0o755);
  await using bundle = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    plugins: [noteInputs(inputs), askForHttp, keepUrls, leaveLibraries],
    logLevel: 'silent',
  });
  // Half of the text is comments, and one letter in them that is not ASCII doubles what the rest takes in memory.
  const { output } = await bundle.generate({
    dir: folder,
    format: 'cjs',
    chunkFileNames: '[name].js',
    comments: false,
    sourcemap: 'hidden',
  });
  for (const chunk of output) {
    // The maps themselves are of no more use.
    if (chunk.type === 'asset') continue;
    const file = join(folder, chunk.fileName);
    writeFileSync(file, chunk.code);
    writeFileSync(`${file}.lines.json`, JSON.stringify(linesOf(chunk)));
  }
  const manifest: Manifest = {
    root,
    folder: basename(folder),
    inputs: Array.from(inputs, ([file, state]) => [relative(root, file), state]),
  };
  const whole = join(folder, 'manifest.json');
  writeFileSync(whole, JSON.stringify(manifest));
  renameSync(whole, bundles.manifest);
}

/** All but the last one: processes that run it may still load a part of it. */
function removeOld({ folder, manifest }: ReturnType<typeof bundlesOf>): void {
  mkdirSync(folder, { recursive: true });
  const last = readManifest(manifest)?.folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === last) continue;
    rmSync(join(folder, entry.name), { recursive: true, force: true });
  }
}

/** Where each line comes from. A source map says more, and takes the process whose error it explains 0.3 s to read. */
function linesOf({ map, code }: OutputChunk): BundleLines {
  if (!map) return { sources: [], lines: [] };
  const positions = new SourceMap({ ...map, sourceRoot: '' });
  const lines = code.split('\n').map((text, index) => {
    const entry = positions.findEntry(index, text.search(/\S|$/));
    if (!('originalSource' in entry)) return [-1, 0];
    return [map.sources.indexOf(entry.originalSource), entry.originalLine + 1];
  });
  return { sources: map.sources, lines: lines.flat() };
}

/** Notes each file before it is read: one that changes meanwhile makes the bundle stale. */
function noteInputs(inputs: Map<string, string>): Plugin {
  return {
    name: 'note-inputs',
    load(id) {
      if (!/^\0|node_modules/.test(id)) inputs.set(id, stateOf(id));
      return null;
    },
  };
}

/** Importing it as a module looks at all that it has, which loads a second undici (60 ms); asking for it does not. */
const askForHttp: Plugin = {
  name: 'ask-for-http',
  resolveId: { filter: { id: /^(node:)?http$/ }, handler: () => '\0http' },
  load: {
    filter: { id: /^\0http$/ },
    handler: () => `module.exports = process.getBuiltinModule('node:http')`,
  },
};

/** What a module reads beside itself (Lua, manifests, threads) is found where its source is. */
const keepUrls: Plugin = {
  name: 'keep-urls',
  transform: {
    filter: { code: 'import.meta.url' },
    handler: (code, id) => ({
      code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      // Lines stay where they are.
      map: null,
    }),
  },
};

/** Finds its pages in its own folder. */
const staysInItsFolder = /^@bull-board\//;

/** What runs a program, from a bundle of its own. */
const runsAProgram = /\/src\/main\.ts$/;

/** A library that is loaded only when it is needed, or that needs its folder, stays where it is; so does what runs a program. */
const leaveLibraries: Plugin = {
  name: 'leave-libraries',
  async resolveId(source, importer, { kind }) {
    if (importer === undefined) return null;
    const isLoadedLater = kind === 'dynamic-import';
    const isLibrary = !/^[./\0]|^@sluice\/|^node:/.test(source);
    const stays = isLibrary
      ? isLoadedLater || staysInItsFolder.test(source)
      : runsAProgram.test(source);
    if (!stays) return null;
    const found = await this.resolve(source, importer, { kind });
    if (!found || found.external) return found;
    return { id: isLoadedLater ? pathToFileURL(found.id).href : found.id, external: true };
  },
};

if (import.meta.main) {
  const isForTests = process.argv.includes('--with-tests');
  await makeBundle(repository, { ...programs, ...(isForTests && testPrograms) });
}
