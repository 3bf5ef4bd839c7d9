import type { CallType } from '@sluice/contracts';

/**
 * The kinds of provider and the types of job each one runs, as data, so that a process which only accepts jobs need not
 * load the adapters. The registry in packages/providers has one adapter for each.
 */
export const adapterKinds = {
  openai: ['chat', 'embedding', 'transcription'],
  'azure-openai': ['chat', 'embedding', 'transcription'],
  anthropic: ['chat'],
  gemini: ['chat', 'embedding'],
  ollama: ['chat', 'embedding'],
  'openai-compatible': ['chat', 'embedding', 'rerank', 'transcription'],
  dify: ['workflow'],
} as const satisfies Record<string, readonly CallType[]>;

export type AdapterKind = keyof typeof adapterKinds;

/** The kinds that run jobs of this type. */
export function kindsFor(type: CallType): string[] {
  const kinds: [string, readonly CallType[]][] = Object.entries(adapterKinds);
  return kinds.filter(([, types]) => types.includes(type)).map(([kind]) => kind);
}

export function isAdapterKind(kind: string): kind is AdapterKind {
  return Object.hasOwn(adapterKinds, kind);
}

/**
 * Where a kind's upstream answers unless `baseUrl` says otherwise, in the form in which the vendor's own client takes it:
 * OpenAI's ends in its version, the others' do not.
 */
export const defaultBaseUrls: Readonly<Partial<Record<AdapterKind, string>>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
  gemini: 'https://generativelanguage.googleapis.com',
  ollama: 'http://127.0.0.1:11434',
};

/** What one option may say. */
export interface KindOption {
  default?: string;
  /** What the value must look like, and how to say so. */
  form?: { pattern: RegExp; words: string };
}

/** What `options` of a provider or target may say, by kind and name. */
type KindOptions = Readonly<Record<string, KindOption>>;

export const kindOptions: Readonly<Record<AdapterKind, KindOptions>> = {
  /** Sent as `OpenAI-Organization` and `OpenAI-Project`. */
  openai: { organization: {}, project: {} },
  /** Sent as `api-version`. The deployments path needs one and has a default of its own; the v1 path needs none. */
  'azure-openai': { apiVersion: {} },
  /** Sent as `anthropic-version` and `anthropic-beta` (names with commas between them). */
  anthropic: { version: { default: '2023-06-01' }, beta: {} },
  /** Part of the path. */
  gemini: { apiVersion: { default: 'v1beta' } },
  /** Sent as `options.num_ctx` and `keep_alive` with every call. */
  ollama: {
    numCtx: { form: { pattern: /^[1-9]\d{0,8}$/, words: 'a whole number of tokens from 1' } },
    keepAlive: {
      form: {
        pattern: /^(?:-?\d+|-?(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/,
        words: 'seconds, or a time such as 10m or 1h30m',
      },
    },
  },
  /** Where rerank models answer, after the base URL; `/rerank` by default. */
  'openai-compatible': { rerankPath: {} },
  dify: {},
};

/** The options that a kind has where its provider sets none. */
export function defaultOptions(kind: AdapterKind): Record<string, string> {
  const defaults: [string, string][] = [];
  for (const [name, option] of Object.entries(kindOptions[kind])) {
    if (option.default !== undefined) defaults.push([name, option.default]);
  }
  return Object.fromEntries(defaults);
}
