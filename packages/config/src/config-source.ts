import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

import { parseDocument } from 'yaml';

import { builtInConfig } from './built-in-config.ts';
import { ConfigError } from './config-error.ts';
import { readVariable, type Environment } from './environment.ts';
import { interpolate, type PathProblem } from './interpolate.ts';

/** Where the configuration comes from: its name in messages and its data, not validated yet. */
export interface ConfigSource {
  name: string;
  /** Where paths in it start: the file's own folder. */
  folder: string;
  /** Whether somebody wrote it; else it is the built-in one. */
  isFile: boolean;
  data: unknown;
  problems: PathProblem[];
}

export interface ConfigLocation {
  env: Environment;
  /** Relative paths start here; the process's working directory by default. */
  cwd?: string | undefined;
  /** Path of the file; stronger than `SLUICE_CONFIG`. */
  file?: string | undefined;
}

const defaultFile = 'sluice.config.yaml';

/**
 * The absolute path of the file to read: the one asked for, else `SLUICE_CONFIG`, else `sluice.config.yaml` in the working
 * directory if it exists. `undefined` means the built-in configuration.
 */
export function findConfigFile({
  env,
  cwd = process.cwd(),
  file,
}: ConfigLocation): string | undefined {
  const asked = file ?? readVariable(env, 'SLUICE_CONFIG');
  if (asked !== undefined) return resolve(cwd, asked);
  const usual = resolve(cwd, defaultFile);
  return existsSync(usual) ? usual : undefined;
}

/** Reads the file, or makes the built-in configuration. Throws a ConfigError where the file is no YAML. */
export function readConfigSource(location: ConfigLocation): ConfigSource {
  const { env, cwd = process.cwd() } = location;
  const file = findConfigFile(location);
  if (file === undefined) {
    return {
      name: 'built-in configuration',
      folder: cwd,
      isFile: false,
      data: builtInConfig(env),
      problems: [],
    };
  }
  const fromHere = relative(cwd, file);
  const name = fromHere.startsWith('..') ? file : fromHere;
  return {
    name,
    folder: dirname(file),
    isFile: true,
    ...interpolate(parseYaml(readText(file, name), name), env),
  };
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Node gives every failed file operation a code.
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'unknown'})`;
    throw new ConfigError([{ where: name, message: reason }]);
  }
}

function parseYaml(text: string, name: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (!error) return document.toJS() ?? {};
  // Later errors follow from the first.
  const before = text.slice(0, error.pos[0]).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const isUnquoted = text.split('\n')[line - 1]?.includes('${') ?? false;
  const hint = isUnquoted ? '; inside { } and [ ] write "${NAME}" with quotes' : '';
  throw new ConfigError([
    { where: `${name}:${line}:${column}`, message: `is not valid YAML: ${error.message}${hint}` },
  ]);
}
