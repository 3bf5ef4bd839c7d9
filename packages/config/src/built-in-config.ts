import type { ConfigFileInput } from './config-file.ts';
import { readVariable, type Environment } from './environment.ts';
import { anthropicModels } from './catalogue/anthropic.ts';
import { geminiModels } from './catalogue/google.ts';
import { openAiChatModels } from './catalogue/openai.ts';

type Sections = Required<Pick<ConfigFileInput, 'providers' | 'models' | 'apps'>>;

/**
 * What Sluice runs with where there is no file: the simulator's models and app, and OpenAI, Anthropic, Gemini, Dify and
 * Ollama where the variables that their own tools use are set. In the shape of a file, so that it is checked like one.
 */
export function builtInConfig(env: Environment): ConfigFileInput {
  const parts = [simulator(env), openAi(env), anthropic(env), gemini(env), dify(env), ollama(env)];
  return {
    providers: Object.assign({}, ...parts.map((part) => part.providers)),
    models: Object.assign({}, ...parts.map((part) => part.models)),
    apps: Object.assign({}, ...parts.map((part) => part.apps)),
  };
}

const nothing: Sections = { providers: {}, models: {}, apps: {} };

function simulator(env: Environment): Sections {
  const url = `http://127.0.0.1:${readVariable(env, 'SLUICE_SIMULATOR_PORT') ?? '8081'}`;
  const limits = { requestsPerSecond: 50, concurrency: 20 };
  return {
    providers: {
      simulator: {
        kind: 'openai-compatible',
        baseUrl: `${url}/openai/v1`,
        apiKey: 'sim-key',
        limits,
      },
      // Without a connection at hand the first run of an app misses its permit, and waits for another.
      'simulator-dify': { kind: 'dify', baseUrl: `${url}/dify/v1`, limits, warm: true },
    },
    models: simulatorModels,
    apps: { 'sim-workflow': { provider: 'simulator-dify', apiKey: 'app-sim' } },
  };
}

const cache = { ttlSeconds: 3_600 };

/** One of each type. */
const simulatorModels: Sections['models'] = {
  'sim-chat': {
    targets: ['simulator/sim-chat'],
    price: { inputPerMillion: 0.2, outputPerMillion: 1.25, cachedInputPerMillion: 0.02 },
    cache,
  },
  'sim-embedding': {
    type: 'embedding',
    targets: ['simulator/sim-embedding'],
    price: { inputPerMillion: 0.02 },
    cache,
  },
  'sim-rerank': {
    type: 'rerank',
    targets: ['simulator/sim-rerank'],
    price: { inputPerMillion: 0.02 },
    cache,
  },
  'sim-transcription': {
    type: 'transcription',
    targets: ['simulator/sim-transcription'],
    price: { perMinute: 0.006 },
    cache,
  },
};

function openAi(env: Environment): Sections {
  return vendor('openai', openAiChatModels, {
    apiKey: readVariable(env, 'OPENAI_API_KEY'),
    baseUrl: readVariable(env, 'OPENAI_BASE_URL'),
  });
}

function anthropic(env: Environment): Sections {
  return vendor('anthropic', anthropicModels, {
    apiKey: readVariable(env, 'ANTHROPIC_API_KEY'),
    baseUrl: readVariable(env, 'ANTHROPIC_BASE_URL'),
  });
}

/** Google's own client takes `GOOGLE_API_KEY` where both are set. */
function gemini(env: Environment): Sections {
  return vendor('gemini', geminiModels, {
    apiKey: readVariable(env, 'GOOGLE_API_KEY') ?? readVariable(env, 'GEMINI_API_KEY'),
    baseUrl: readVariable(env, 'GOOGLE_GEMINI_BASE_URL'),
  });
}

/** A vendor's models under their own names; nothing without a key. */
function vendor(
  kind: string,
  names: readonly string[],
  account: { apiKey: string | undefined; baseUrl: string | undefined },
): Sections {
  if (account.apiKey === undefined) return nothing;
  return {
    providers: { [kind]: { kind, ...account, limits: { concurrency: 50 } } },
    models: Object.fromEntries(names.map((name) => [name, `${kind}/${name}`])),
    apps: {},
  };
}

function dify(env: Environment): Sections {
  const apiKey = readVariable(env, 'DIFY_API_KEY');
  if (apiKey === undefined) return nothing;
  const baseUrl = readVariable(env, 'DIFY_BASE_URL') ?? 'https://api.dify.ai/v1';
  return {
    providers: { dify: { kind: 'dify', baseUrl, limits: { concurrency: 10 } } },
    models: {},
    apps: { dify: { provider: 'dify', apiKey } },
  };
}

/** Ollama needs a model's name too: without `OLLAMA_MODEL` there is nothing to offer. */
function ollama(env: Environment): Sections {
  const host = readVariable(env, 'OLLAMA_HOST');
  const model = readVariable(env, 'OLLAMA_MODEL');
  if (host === undefined || model === undefined) return nothing;
  return {
    providers: {
      ollama: {
        kind: 'ollama',
        baseUrl: ollamaUrl(host),
        apiKey: readVariable(env, 'OLLAMA_API_KEY'),
        // Ollama answers one request at a time unless told otherwise, and loads a model before its first byte.
        limits: { concurrency: 1 },
        timeouts: { firstByteSeconds: 600 },
      },
    },
    models: {
      [model]: {
        targets: [{ provider: 'ollama', model }],
        price: { inputPerMillion: 0, outputPerMillion: 0 },
      },
    },
    apps: {},
  };
}

/**
 * `OLLAMA_HOST` as Ollama reads it: `host`, `host:port` or a URL; the port is 11434 unless a URL says otherwise, and the
 * address a server listens on everywhere is this machine for a client.
 */
function ollamaUrl(host: string): string {
  const hasScheme = /^https?:\/\//i.test(host);
  const url = URL.parse(hasScheme ? host : `http://${host}`);
  if (!url) return host;
  if (!hasScheme && url.port === '') url.port = '11434';
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  return url.href.replace(/(?<!\/)\/+$/, '');
}
