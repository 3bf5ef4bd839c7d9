import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';

type Load = (file: string) => unknown;

/** What a file of a bundle is wrapped into, on one line, so that lines stay where they are. */
type Wrapped = (exports: unknown, require: Load, module: { exports: unknown }) => void;

/** Code of a file that is not kept yet. */
interface NewCode {
  script: Script;
  file: string;
}

/** What is loaded in this process, by file: a second program in it shares what the first one has. */
const modules = new Map<string, { exports: unknown }>();

/** By then a program has done what it does at every start, and V8 has dropped nothing of that yet. */
const keepAfterMs = 3_000;

/**
 * Loads the first file of a program from the bundle in `folder` and returns what it exports. What V8 compiles is kept beside the
 * files when the program has run for a while: Node.js keeps only what it compiles while it loads a module, so that each start
 * compiles anew every function that it calls, a quarter of all that it does.
 * @see https://v8.dev/blog/improved-code-caching
 */
export function loadBundle(folder: string, program: string): unknown {
  const requireLibrary = createRequire(join(folder, `${program}.js`));
  const newCode: NewCode[] = [];
  const load: Load = (id) => {
    // Files of the bundle name each other so.
    if (!id.startsWith('./')) return requireLibrary(id);
    const file = join(folder, id);
    const known = modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const script = compile(file, codeFile(file, program), newCode);
    (script.runInThisContext() as Wrapped)(module.exports, load, module);
    return module.exports;
  };
  const keepAll = () => {
    for (const { script, file } of newCode.splice(0)) keep(script, codeFile(file, program));
  };
  setTimeout(keepAll, keepAfterMs).unref();
  process.once('exit', keepAll);
  return load(`./${program}.js`);
}

/** Programs that share a file call different functions of it; V8 refuses what another version of it has compiled. */
function codeFile(file: string, program: string): string {
  return `${file}.${program}-${cachedDataVersionTag()}.code`;
}

function compile(file: string, keptIn: string, newCode: NewCode[]): Script {
  const text = readFileSync(file, 'utf8');
  const script = new Script(`(function (exports, require, module) {${text}\n})`, {
    filename: pathToFileURL(file).href,
    cachedData: readKept(keptIn),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (script.cachedDataRejected !== false) newCode.push({ script, file });
  return script;
}

function readKept(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Another process may read it meanwhile, or the folder be gone or not to be written: nothing depends on it. */
function keep(script: Script, file: string): void {
  try {
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, script.createCachedData());
    renameSync(temporary, file);
  } catch {
    // The next start compiles again.
  }
}
