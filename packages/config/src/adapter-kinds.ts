import { readdirSync, readFileSync } from 'node:fs';

import { callTypes, type CallType } from '@sluice/contracts';
import { z } from 'zod';

import { profileNames } from './config.ts';

/** What one option of a provider or target may say. Always text: it goes into headers, queries, paths and bodies. */
const kindOption = z
  .strictObject({
    about: z.string(),
    default: z.string().optional(),
    /** A regular expression for the whole value, and how to say so. */
    pattern: z.string().optional(),
    words: z.string().optional(),
  })
  .refine(({ pattern, words }) => (pattern === undefined) === (words === undefined), {
    error: 'pattern and words belong together',
  });
export type KindOption = z.infer<typeof kindOption>;

/** What `kind.json` in a provider's folder says. */
const kindFile = z.strictObject({
  /** The types of job that its adapter runs. */
  runs: z.array(z.enum(callTypes)).min(1),
  /**
   * Where its upstream answers unless `baseUrl` says otherwise, in the form in which the vendor's own client takes it:
   * OpenAI's ends in its version, the others' do not. Absent where there is no usual place.
   */
  baseUrl: z.string().optional(),
  /** How the vendor charges a call, unless the limits say otherwise. */
  countsLike: z.enum(profileNames),
  options: z.record(z.string(), kindOption),
  /** The option that sets how many tokens a prompt may have. */
  contextWindow: z.string().optional(),
});
export type KindFacts = z.infer<typeof kindFile>;

/**
 * The kinds of provider by the name of their folder in packages/providers/src, whose adapters the registry there has. Their
 * facts are data that is read, not code that is imported: a process that only accepts jobs need not load the adapters, and a
 * new kind is one folder.
 */
export const adapterKinds: Readonly<Record<string, KindFacts>> = readKinds(
  new URL('../../providers/src/', import.meta.url),
);

/** @throws Error that names the file which is not what {@link kindFile} says. */
function readKinds(folder: URL): Record<string, KindFacts> {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap(({ name }) => readKind(name, new URL(`${name}/kind.json`, folder)));
  return Object.fromEntries(files);
}

/** Nothing of a folder that is no kind of provider. */
function readKind(name: string, file: URL): [string, KindFacts][] {
  const text = readText(file);
  if (text === undefined) return [];
  const parsed = kindFile.safeParse(JSON.parse(text));
  if (parsed.success) return [[name, parsed.data]];
  throw new Error(`${file.pathname}: ${z.prettifyError(parsed.error)}`);
}

function readText(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Node gives every failed file operation a code.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The facts of a kind; undefined for a name that is none. */
export function findKind(kind: unknown): KindFacts | undefined {
  return typeof kind === 'string' && Object.hasOwn(adapterKinds, kind)
    ? adapterKinds[kind]
    : undefined;
}

/** The facts of a kind that the schema has let in. */
export function kindFacts(kind: string): KindFacts {
  const facts = findKind(kind);
  if (!facts) throw new Error(`the schema allows no kind ${kind}`);
  return facts;
}

/** The kinds that run jobs of this type. */
export function kindsFor(type: CallType): string[] {
  return Object.keys(adapterKinds).filter((kind) => adapterKinds[kind]?.runs.includes(type));
}

/** The options that a kind has where its provider sets none. */
export function defaultOptions(kind: string): Record<string, string> {
  const defaults: [string, string][] = [];
  for (const [name, option] of Object.entries(kindFacts(kind).options)) {
    if (option.default !== undefined) defaults.push([name, option.default]);
  }
  return Object.fromEntries(defaults);
}
