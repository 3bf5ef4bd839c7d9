import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ConfigError } from './config-error.ts';
import type { Environment } from './environment.ts';
import { loadConfig } from './load-config.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const openai = `
providers:
  openai: { kind: openai-compatible, baseUrl: https://api.openai.com/v1/, apiKey: sk-1 }
`;
const minimal = `${openai}
models:
  fast: openai/gpt-5.4-nano
`;

function load(yaml: string, env: Environment = {}) {
  writeFileSync(join(cwd, 'sluice.config.yaml'), yaml);
  return loadConfig({ env, cwd });
}

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a configuration file', () => {
  it('gets every default from a provider and a model in short form', () => {
    const config = load(minimal);
    expect(config).toMatchObject({
      root: 'sluice',
      shards: 1,
      redisUrl: 'redis://127.0.0.1:6379',
      server: { host: '127.0.0.1', port: 8080, maxBodyBytes: 10_485_760, maxConnections: 10_000 },
      adminKey: undefined,
      dataDir: join(cwd, '.data'),
      jobs: {
        maxWaitMs: 86_400_000,
        timeoutMs: 604_800_000,
        attemptTimeoutMs: 600_000,
        retentionMs: 604_800_000,
        idempotencyTtlMs: 86_400_000,
      },
      retry: { maxAttempts: 4, initialDelayMs: 500, maxDelayMs: 30_000 },
      webhooks: { timeoutMs: 15_000 },
      allowPrivateHosts: [],
      worker: { concurrency: 50, graceMs: 20_000 },
    });
    expect(config.webhooks.scheduleMs).toHaveLength(10);
    expect(config.lanes).toEqual({
      openai: {
        name: 'openai',
        buckets: [],
        concurrency: undefined,
        profile: 'openai',
        maxPauseMs: 600_000,
      },
    });
    const [target] = config.routes.chat['fast']!.targets;
    expect(target).toEqual({
      provider: {
        name: 'openai',
        kind: 'openai-compatible',
        baseUrl: 'https://api.openai.com/v1',
        apiKeys: ['sk-1'],
        headers: {},
        options: {},
        warm: false,
        timeouts: { firstByteMs: 120_000, idleMs: 300_000 },
      },
      model: 'gpt-5.4-nano',
      apiKeys: ['sk-1'],
      apiKey: 'sk-1',
      lane: 'openai',
      price: {
        inputPerMillion: 0.2,
        outputPerMillion: 1.25,
        cachedInputPerMillion: 0.02,
        tiers: [
          {
            aboveInputTokens: 272_000,
            inputPerMillion: 0.4,
            outputPerMillion: 1.875,
            cachedInputPerMillion: 'unknown',
          },
        ],
      },
      priceVersion: 'built-in 2026-11-10',
      facts: { contextWindow: 400_000, maxOutputTokens: 128_000, tools: true, vision: true },
      dropParams: false,
      retry: { maxAttempts: 4, initialDelayMs: 500, maxDelayMs: 30_000 },
    });
  });

  it('knows what a Dify app is, a workflow that fails on a crash unless it says otherwise', () => {
    const config = load(`
providers: { dify: { kind: dify, baseUrl: https://dify.test/v1 } }
apps:
  plain: { provider: dify, apiKey: app-1 }
  bot: { kind: chatflow, onCrash: rerun, sessionSeconds: 60, provider: dify, apiKey: app-2 }
`);
    expect(config.routes.workflow['plain']?.targets[0].app).toEqual({
      kind: 'workflow',
      onCrash: 'fail',
      sessionTtlMs: 604_800_000,
    });
    expect(config.routes.workflow['bot']?.targets[0].app).toEqual({
      kind: 'chatflow',
      onCrash: 'rerun',
      sessionTtlMs: 60_000,
    });
  });

  it('turns limits into buckets and gives a model with limits of its own a lane of its own', () => {
    const config = load(`
providers:
  openai:
    kind: openai-compatible
    baseUrl: https://api.openai.com/v1
    limits: { requestsPerSecond: 5, requestsPerMinute: 500, requestsPerDay: 9000, tokensPerMinute: 200000, concurrency: 50, pacing: burst }
models:
  fast: openai/gpt-5.4-nano
  team/slow:
    targets: [openai/gpt-5.4]
    limits: { buckets: [{ unit: tokens, limit: 100, windowSeconds: 0.5 }] }
`);
    expect(config.lanes).toMatchObject({
      openai: {
        name: 'openai',
        concurrency: 50,
        buckets: [
          { unit: 'requests', limit: 5, windowMs: 1_000, pacing: 'burst' },
          { unit: 'requests', limit: 500, windowMs: 60_000, pacing: 'burst' },
          { unit: 'requests', limit: 9_000, windowMs: 86_400_000, pacing: 'burst' },
          { unit: 'tokens', limit: 200_000, windowMs: 60_000, pacing: 'burst' },
        ],
      },
      'openai.team_slow': {
        name: 'openai.team_slow',
        concurrency: undefined,
        buckets: [{ unit: 'tokens', limit: 100, windowMs: 500, pacing: 'smooth' }],
      },
    });
    expect(config.routes.chat['team/slow']!.targets[0].lane).toBe('openai.team_slow');
  });

  it('keeps smooth pacing away from the limit of a day', () => {
    const { lanes } = load(`
providers:
  p: { kind: openai-compatible, baseUrl: http://h, limits: { requestsPerMinute: 5, requestsPerDay: 10 } }
models: { m: p/x }
`);
    expect(lanes['p']!.buckets.map((bucket) => bucket.pacing)).toEqual(['smooth', 'burst']);
  });

  it('takes facts of a model from its target, the model, the price list and the catalogue, in this order', () => {
    const listed = { max_input_tokens: 100, max_output_tokens: 50, supports_vision: false };
    const costs = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 };
    writeFileSync(join(cwd, 'prices.json'), JSON.stringify({ 'gpt-4o': { ...listed, ...costs } }));
    const { routes } = load(`${openai}
catalogue: prices.json
models:
  one:
    contextWindow: 90
    targets: [{ provider: openai, model: gpt-4o, maxOutputTokens: 7 }, openai/gpt-4o, openai/own]
`);
    const [first, second, own] = routes.chat['one']!.targets;
    expect(first).toMatchObject({
      facts: { contextWindow: 90, maxOutputTokens: 7, tools: true, vision: false },
      price: { inputPerMillion: 1, outputPerMillion: 2 },
    });
    expect(second!.facts.maxOutputTokens).toBe(50);
    expect(own).toMatchObject({ facts: { contextWindow: 90 }, price: undefined });
  });

  it.each([
    ['nowhere.json', undefined, /^sluice.config.yaml: catalogue: there is no file nowhere.json/],
    ['list.json', '[]', /catalogue: list.json is not a JSON object of models/],
    ['list.json', '{', /catalogue: list.json is not JSON: /],
  ])('names a catalogue that cannot be read: %s with %s', (name, text, message) => {
    if (text !== undefined) writeFileSync(join(cwd, name), text);
    const [problem] = problemsOf(() => load(`${minimal}\ncatalogue: ${name}`));
    expect(problem).toMatch(message);
  });

  it('charges as the kind of provider counts, unless told otherwise', () => {
    const limits = '{ requestsPerMinute: 120, requestsPerDay: 9, inputTokensPerMinute: 7 }';
    const { lanes } = load(`
providers:
  azure: { kind: azure-openai, baseUrl: http://a, apiKey: k, limits: ${limits} }
  gemini: { kind: gemini, apiKey: k, limits: ${limits} }
  claude: { kind: anthropic, apiKey: k, limits: { outputTokensPerMinute: 8, maxPauseSeconds: 5 } }
  odd: { kind: openai-compatible, baseUrl: http://o, limits: { profile: plain } }
models: { a: azure/x, b: gemini/x, c: claude/x, d: odd/x }
`);
    const minute = { windowMs: 60_000, pacing: 'smooth' };
    const day = { unit: 'requests', limit: 9, windowMs: 86_400_000, pacing: 'burst' };
    expect(lanes['azure']).toMatchObject({
      profile: 'azure',
      buckets: [
        { unit: 'requests', limit: 120, ...minute },
        day,
        { unit: 'inputTokens', limit: 7, ...minute },
        { unit: 'requests', limit: 2, windowMs: 1_000, pacing: 'smooth' },
      ],
    });
    expect(lanes['gemini']).toMatchObject({ profile: 'gemini' });
    expect(lanes['gemini']!.buckets[1]).toEqual({ ...day, resets: 'pacific midnight' });
    expect(lanes['claude']).toMatchObject({
      profile: 'anthropic',
      buckets: [{ unit: 'outputTokens', limit: 8, ...minute }],
      maxPauseMs: 5_000,
    });
    expect(lanes['odd']).toMatchObject({ profile: 'plain' });
  });

  it('gives each tenant limits of its own in a lane', () => {
    const { lanes } = load(`
providers:
  p:
    kind: openai-compatible
    baseUrl: http://h
    limits: { perTenant: { requestsPerMinute: 6, concurrency: 2, pacing: burst } }
models: { m: p/x }
`);
    expect(lanes['p']!.perTenant).toEqual({
      buckets: [{ unit: 'requests', limit: 6, windowMs: 60_000, pacing: 'burst' }],
      concurrency: 2,
    });
  });

  it('refuses base URLs of private addresses that are not allowed, and lets providers reach what no file named', () => {
    const file = (url: string, more = '') => `
providers:
  own: { kind: openai, baseUrl: "${url}" }
  usual: { kind: ollama }
models: { m: own/m }
${more}`;
    for (const url of [
      'http://10.1.2.3/v1',
      'http://[::1]:80',
      'http://0x7f.1',
      'http://localhost:1',
    ]) {
      const [problem] = problemsOf(() => load(file(url)));
      expect(problem).toMatch(
        /^sluice.config.yaml: providers.own.baseUrl: .*private.*allowPrivateHosts$/,
      );
    }
    const config = load(file('http://10.1.2.3/v1', 'allowPrivateHosts: [10.0.0.0/8]'));
    expect(config.upstreamHosts).toEqual(['10.0.0.0/8', '127.0.0.1']);
    expect(config.allowPrivateHosts).toEqual(['10.0.0.0/8']);
  });

  it('takes proxies from the environment, the lower case names first', () => {
    const env = { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower', NO_PROXY: 'a, .b' };
    expect(load(minimal, env).proxy).toEqual({
      http: undefined,
      https: 'http://lower',
      except: 'a, .b',
    });
    expect(problemsOf(() => load(minimal, { HTTP_PROXY: 'proxy:80' }))).toEqual([
      'environment: HTTP_PROXY: must be the http or https URL of a proxy',
    ]);
  });

  it('takes several keys of a provider or app, cleaned, each once', () => {
    const { providers, routes } = load(
      `
providers:
  openai: { kind: openai, apiKey: sk-1, apiKeys: [' "Bearer sk-2" ', sk-1, "", "'sk-3'"] }
  listed: { kind: openai, apiKeys: "\${KEYS}" }
  dify: { kind: dify, baseUrl: https://dify.test/v1 }
models: { fast: openai/gpt-5.4-nano }
apps: { a: { provider: dify, apiKeys: [app-1, app-2] } }
`,
      { KEYS: 'sk-4, sk-5,' },
    );
    expect(providers['openai']!.apiKeys).toEqual(['sk-1', 'sk-2', 'sk-3']);
    expect(providers['listed']!.apiKeys).toEqual(['sk-4', 'sk-5']);
    expect(routes.chat['fast']!.targets[0].apiKey).toBe('sk-1');
    expect(routes.workflow['a']!.targets[0].apiKeys).toEqual(['app-1', 'app-2']);
  });

  it('gives a Dify app its own key, and several endpoints one each', () => {
    const { routes } = load(`
providers:
  dify: { kind: dify, baseUrl: https://api.dify.ai/v1, limits: { concurrency: 10 } }
  local: { kind: dify, baseUrl: http://dify.internal/v1, apiKey: app-shared }
apps:
  support: { provider: dify, apiKey: ' "Bearer app-1" ', cache: { ttlSeconds: 60 } }
  both:
    targets: [{ provider: dify, apiKey: app-2 }, { provider: local }]
    retry: { maxAttempts: 1 }
`);
    expect(routes.workflow['support']).toMatchObject({
      type: 'workflow',
      cache: { ttlMs: 60_000 },
      targets: [{ model: 'support', apiKey: 'app-1', lane: 'dify', price: undefined }],
    });
    expect(routes.workflow['both']!.targets.map((target) => target.apiKey)).toEqual([
      'app-2',
      'app-shared',
    ]);
    expect(routes.workflow['both']!.targets[0].retry).toEqual({
      maxAttempts: 1,
      initialDelayMs: 500,
      maxDelayMs: 30_000,
    });
  });

  it.each([
    ['openai', 'https://api.openai.com/v1', { api: 'chat' }],
    ['anthropic', 'https://api.anthropic.com', { version: '2023-06-01' }],
    ['gemini', 'https://generativelanguage.googleapis.com', { apiVersion: 'v1beta' }],
    ['ollama', 'http://127.0.0.1:11434', {}],
  ])('knows where %s is and the defaults of its options', (kind, baseUrl, options) => {
    const { providers } = load(`providers: { p: { kind: ${kind} } }\nmodels: { m: p/x }`);
    expect(providers['p']).toMatchObject({ kind, baseUrl, options });
    expect(providers['p']!.options).toEqual(options);
  });

  it('takes the options of a provider and dropParams of a model', () => {
    const { providers, routes } = load(`
providers:
  p: { kind: anthropic, baseUrl: http://proxy/, options: { version: 2026-10-21, beta: 'a,b' } }
models:
  strict: p/x
  lenient: { targets: [p/x], dropParams: true }
`);
    expect(providers['p']).toMatchObject({
      baseUrl: 'http://proxy',
      options: { version: '2026-10-21', beta: 'a,b' },
    });
    const drops = Object.values(routes.chat).map((route) => route.targets[0].dropParams);
    expect(drops).toEqual([false, true]);
  });

  it('keeps models of each type apart; output has no price where there is none', () => {
    const { routes } = load(`${openai}
models:
  a: openai/x
  b: { type: chat, targets: [openai/y] }
  c: { type: embedding, targets: [openai/z], price: { inputPerMillion: 0.02 } }
`);
    expect(Object.keys(routes.chat)).toEqual(['a', 'b']);
    expect(routes.embedding).toMatchObject({
      c: {
        type: 'embedding',
        targets: [{ model: 'z', price: { inputPerMillion: 0.02, outputPerMillion: 0 } }],
      },
    });
  });

  it('takes the price of the target, then of the model, then of the catalogue, then none', () => {
    const { routes } = load(`${openai}
models:
  a:
    targets: [{ provider: openai, model: gpt-5.4, price: { inputPerMillion: 1, outputPerMillion: 2 } }, openai/gpt-5.4]
    price: { inputPerMillion: 3, outputPerMillion: 4, cachedInputPerMillion: 0.5 }
  b: openai/gpt-4o
  c: openai/constructor
`);
    const prices = Object.values(routes.chat).flatMap((route) => route.targets.map((t) => t.price));
    expect(prices).toEqual([
      { inputPerMillion: 1, outputPerMillion: 2 },
      { inputPerMillion: 3, outputPerMillion: 4, cachedInputPerMillion: 0.5 },
      { inputPerMillion: 2.5, outputPerMillion: 10, cachedInputPerMillion: 1.25 },
      undefined,
    ]);
  });

  it('inherits the retry policy field by field and never waits less at last than at first', () => {
    const { routes, retry } = load(`${openai}
retry: { maxAttempts: 7, maxDelaySeconds: 10 }
models:
  a: { targets: [openai/x], retry: { maxAttempts: 2 } }
  b: { targets: [openai/x], retry: { initialDelaySeconds: 20 } }
  c: { targets: [openai/x], retry: { maxDelaySeconds: 0.1 } }
`);
    expect(retry).toEqual({ maxAttempts: 7, initialDelayMs: 500, maxDelayMs: 10_000 });
    expect(Object.values(routes.chat).map((route) => route.targets[0].retry)).toEqual([
      { maxAttempts: 2, initialDelayMs: 500, maxDelayMs: 10_000 },
      { maxAttempts: 7, initialDelayMs: 20_000, maxDelayMs: 20_000 },
      { maxAttempts: 7, initialDelayMs: 100, maxDelayMs: 100 },
    ]);
  });

  it('treats a key with nothing behind it as absent', () => {
    expect(load(`${minimal}\nwebhooks:\napps:\n`).webhooks.timeoutMs).toBe(15_000);
  });
});

describe('interpolation', () => {
  it('fills strings from the environment and turns them into numbers where a number is expected', () => {
    const config = load(
      `
providers:
  p:
    kind: openai-compatible
    baseUrl: http://\${HOST_NAME:-localhost}:\${PORT_NUMBER}/v1
    apiKey: \${KEY}
    headers: { X-Literal: '$\${KEY} costs $5', X-Empty: '\${NONE:-}' }
    limits: { requestsPerMinute: '\${RPM:-60}' }
models: { m: p/x }
`,
      { PORT_NUMBER: '81', KEY: '${RPM}', RPM: '', SLUICE_ALLOW_PRIVATE_HOSTS: 'localhost' },
    );
    expect(config.providers['p']).toMatchObject({
      baseUrl: 'http://localhost:81/v1',
      apiKeys: ['${RPM}'],
      headers: { 'X-Literal': '${KEY} costs $5', 'X-Empty': '' },
    });
    expect(config.lanes['p']!.buckets[0]!.limit).toBe(60);
  });

  it.each([
    ['${MISSING}', 'environment variable MISSING is not set; set it or write ${MISSING:-default}'],
    ['${EMPTY}', 'environment variable EMPTY is not set; set it or write ${EMPTY:-default}'],
    ['${1X}', '"${1X}" is not ${NAME} or ${NAME:-default}; write $${ for a literal ${'],
    ['${X', '"${X" is not ${NAME} or ${NAME:-default}; write $${ for a literal ${'],
    ['${X:?}', '"${X:?}" is not ${NAME} or ${NAME:-default}; write $${ for a literal ${'],
  ])('refuses %s and reports nothing else about that value', (text, message) => {
    const yaml = minimal.replace('https://api.openai.com/v1/', `'${text}'`);
    expect(problemsOf(() => load(yaml, { EMPTY: '' }))).toEqual([
      `sluice.config.yaml: providers.openai.baseUrl: ${message}`,
    ]);
  });
});

describe('what is left out of requests', () => {
  it.each([
    ['true', { dropParams: true }],
    ['false', { dropParams: false }],
    ['[seed, user]', { dropParams: false, omitParams: ['seed', 'user'] }],
  ])('is what dropParams: %s says', (value, expected) => {
    const { routes } = load(
      `${openai}\nmodels: { m: { targets: [openai/x], dropParams: ${value} } }`,
    );
    expect(routes.chat['m']?.targets[0]).toMatchObject(expected);
  });
});

describe('the context window', () => {
  const ollama = (more: string) =>
    load(`
providers: { p: { kind: ollama, options: { numCtx: 8192 } } }
models: { m: { targets: [{ provider: p, model: llama3.2 }]${more} } }`).routes.chat['m']?.targets[0]
      .facts;

  it('is what an option makes it, unless the model says otherwise', () => {
    expect(ollama('')).toEqual({ contextWindow: 8192 });
    expect(ollama(', contextWindow: 4096')).toEqual({ contextWindow: 4096 });
  });
});

describe('a wrong file', () => {
  const at = (path: string) => `sluice.config.yaml: ${path}`;
  const provider = (rest: string) =>
    `providers: { p: { kind: openai-compatible, baseUrl: http://h, ${rest} } }\nmodels: { m: p/x }`;

  it.each<[string, string, string[]]>([
    [
      'an unknown key with a near one',
      'providers: { openai: { kind: openai-compatible, baseURL: http://h } }\nmodels: { m: openai/x }',
      [
        at('providers.openai.baseURL: unknown key; did you mean "baseUrl"?'),
        at('providers.openai.baseUrl: is missing; kind openai-compatible has no usual one'),
      ],
    ],
    [
      'a model of an unknown type',
      `${openai}\nmodels: { m: { type: embeddings, targets: [openai/x] } }`,
      [
        at(
          'models.m.type: must be one of chat, embedding, rerank, transcription; got "embeddings"; did you mean "embedding"?',
        ),
      ],
    ],
    [
      'a model on a provider that does not run its type',
      'providers: { p: { kind: anthropic } }\nmodels: { m: { type: embedding, targets: [p/x] } }',
      [
        at(
          'models.m.targets[0]: provider "p" is of kind anthropic; an embedding model needs kind azure-openai, gemini, ollama, openai, openai-compatible',
        ),
      ],
    ],
    [
      'a chat model without a price for its output',
      `${openai}\nmodels: { m: { targets: [{ provider: openai, model: x, price: { inputPerMillion: 1 } }], price: { inputPerMillion: 1 } } }`,
      [
        at(
          'models.m.price.outputPerMillion: is missing; a chat model needs inputPerMillion and outputPerMillion',
        ),
        at(
          'models.m.targets[0].price.outputPerMillion: is missing; a chat model needs inputPerMillion and outputPerMillion',
        ),
      ],
    ],
    [
      'a rerank model without a price that fits',
      `${openai}\nmodels: { m: { type: rerank, targets: [openai/x], price: { outputPerMillion: 1 } } }`,
      [
        at(
          'models.m.price.inputPerMillion: is missing; a rerank model needs inputPerMillion, or else perThousandSearchUnits',
        ),
      ],
    ],
    [
      'an unknown key with none near',
      `${minimal}\nzzz: 1`,
      [
        at(
          'zzz: unknown key; known: root, shards, providers, models, apps, catalogue, jobs, retry, tenants, webhooks, …',
        ),
      ],
    ],
    [
      'an unknown key deep in a list',
      `${openai}\nmodels: { "gpt-5.4": { targets: [{ provider: openai, modell: x }] } }`,
      [
        at('models["gpt-5.4"].targets[0].modell: unknown key; did you mean "model"?'),
        at('models["gpt-5.4"].targets[0].model: is missing; must be text'),
      ],
    ],
    [
      'an unknown kind',
      'providers: { p: { kind: openai-compatable, baseUrl: http://h } }\nmodels: { m: p/x }',
      [
        at(
          'providers.p.kind: must be one of anthropic, azure-openai, dify, gemini, ollama, openai, openai-compatible; got "openai-compatable"; did you mean "openai-compatible"?',
        ),
      ],
    ],
    [
      'no kind',
      'providers: { p: { baseUrl: http://h } }\nmodels: { m: p/x }',
      [
        at(
          'providers.p.kind: is missing; must be one of anthropic, azure-openai, dify, gemini, ollama, openai, openai-compatible',
        ),
      ],
    ],
    [
      'no base URL where there is no usual one, and options that there are not',
      `
providers:
  a: { kind: azure-openai, options: { apiversion: 2024-10-21 } }
  b: { kind: anthropic, options: { region: eu } }
  c: { kind: ollama, options: { beta: x, numCtx: 0 } }
models: { m: a/x }`,
      [
        at('providers.a.baseUrl: is missing; kind azure-openai has no usual one'),
        at(
          'providers.a.options.apiversion: kind azure-openai has no such option; did you mean "apiVersion"?',
        ),
        at('providers.b.options.region: kind anthropic has no such option; known: version, beta'),
        at('providers.c.options.beta: kind ollama has no such option; known: numCtx, keepAlive'),
        at('providers.c.options.numCtx: must be a whole number of tokens from 1; got "0"'),
      ],
    ],
    [
      'an option that no header can carry',
      'providers: { p: { kind: anthropic, options: { beta: "a b" } } }\nmodels: { m: p/x }',
      [at('providers.p.options.beta: must be printable ASCII without white space; got "a b"')],
    ],
    [
      'a dropParams that is neither true nor false',
      `${openai}\nmodels: { m: { targets: [openai/x], dropParams: sometimes } }`,
      [
        at(
          'models.m.dropParams: must be true, false, or a list such as [seed, top_k]; got "sometimes"',
        ),
      ],
    ],
    [
      'a list of dropParams with a name that no parameter has',
      `${openai}\nmodels: { m: { targets: [openai/x], dropParams: [seed, top-k] } }`,
      [at('models.m.dropParams: has no parameter "top-k"; did you mean "top_k"?; got a list')],
    ],
    [
      'a number that is none',
      provider('limits: { requestsPerMinute: many }'),
      [at('providers.p.limits.requestsPerMinute: must be a number; got "many"')],
    ],
    [
      'a fraction',
      provider('limits: { concurrency: 0.5 }'),
      [at('providers.p.limits.concurrency: must be a whole number; got 0.5')],
    ],
    [
      'a limit of nothing',
      provider('limits: { concurrency: 0 }'),
      [at('providers.p.limits.concurrency: must be at least 1; got 0')],
    ],
    [
      'a limit too large',
      `${minimal}\nshards: 5000`,
      [at('shards: must be at most 1024; got 5000')],
    ],
    [
      'an unknown pacing',
      provider('limits: { pacing: smoth }'),
      [
        at(
          'providers.p.limits.pacing: must be one of smooth, burst; got "smoth"; did you mean "smooth"?',
        ),
      ],
    ],
    [
      'a key that is a number, without showing it',
      provider('apiKey: 12345'),
      [at('providers.p.apiKey: must be text')],
    ],
    [
      'a key with a space in it, without showing it',
      provider('apiKey: "sk one"'),
      [at('providers.p.apiKey: must be printable ASCII without white space')],
    ],
    [
      'a key of a list that no header can carry',
      provider('apiKeys: [sk-1, "sk one"]'),
      [at('providers.p.apiKeys[1]: must be printable ASCII without white space')],
    ],
    [
      'a header over two lines, without showing it',
      provider('headers: { X-A: "a\\nb" }'),
      [at('providers.p.headers.X-A: must be printable ASCII in one line')],
    ],
    [
      'a base URL with a password, without showing it',
      'providers: { p: { kind: dify, baseUrl: "http://me:secret@h" } }\nmodels: { m: p/x }',
      [
        at(
          'providers.p.baseUrl: must be an http or https URL without user, query and fragment; got "http://***@h"',
        ),
        at(
          'models.m: provider "p" is of kind dify; a chat model needs kind anthropic, azure-openai, gemini, ollama, openai, openai-compatible',
        ),
      ],
    ],
    [
      'a base URL without a scheme',
      'providers: { p: { kind: openai-compatible, baseUrl: "localhost:80" } }\nmodels: { m: p/x }',
      [
        at(
          'providers.p.baseUrl: must be an http or https URL without user, query and fragment; got "localhost:80"',
        ),
      ],
    ],
    [
      'names that are not allowed',
      'providers: { "a/b": { kind: dify, baseUrl: http://h } }\nmodels: { " m": p/x }',
      [
        at(
          'providers["a/b"]: this name must be 1 to 64 letters, digits or . _ - and start with a letter or digit',
        ),
        at(
          'models[" m"]: this name must be 1 to 128 letters, digits or . _ : / @ - and start with a letter or digit',
        ),
      ],
    ],
    [
      'a provider with the name of a queue of Sluice',
      'providers: { webhooks: { kind: openai-compatible, baseUrl: http://h } }\nmodels: { m: webhooks/x }',
      [at('providers.webhooks: this name is a queue of Sluice itself')],
    ],
    [
      'an unknown provider in each form',
      `${openai}
models: { a: opnai/x, b: { targets: [openai/x, { provider: azure, model: y }] } }
apps: { c: { provider: opnai, apiKey: k } }`,
      [
        at('models.a: unknown provider "opnai"; did you mean "openai"?'),
        at('models.b.targets[1].provider: unknown provider "azure"; known: openai'),
        at('apps.c.provider: unknown provider "opnai"; did you mean "openai"?'),
      ],
    ],
    [
      'a model without any provider',
      'models: { m: openai/x }',
      [at('models.m: unknown provider "openai"; none is defined')],
    ],
    [
      'a short form without a slash',
      `${openai}\nmodels: { m: gpt }`,
      [at('models.m: unknown model "gpt"; known: m')],
    ],
    [
      'a model without targets',
      `${openai}\nmodels: { m: { targets: [] }, n: {} }`,
      [
        at('models.m.targets: must have at least one entry'),
        at('models.n.targets: is missing; or else a router, or a split'),
      ],
    ],
    [
      'an app on a chat provider',
      `${openai}\napps: { a: { provider: openai, apiKey: k } }`,
      [
        at(
          'apps.a.provider: provider "openai" is of kind openai-compatible; an app needs kind dify',
        ),
      ],
    ],
    [
      'apps without keys, without providers and with both forms',
      `
providers: { d: { kind: dify, baseUrl: http://h } }
apps:
  a: { provider: d }
  b: {}
  c: { apiKey: k, targets: [{ provider: d, apiKey: '""' }] }`,
      [
        at('apps.a.apiKey: is missing; each Dify app has a key of its own'),
        at('apps.b: needs a provider and an apiKey, a list of targets, or a split'),
        at('apps.c: has targets, so provider and apiKey belong into each of them'),
        at('apps.c.targets[0].apiKey: is missing; each Dify app has a key of its own'),
      ],
    ],
    [
      'a retry that starts slower than it may get',
      `${minimal}\nretry: { initialDelaySeconds: 9, maxDelaySeconds: 3 }`,
      [at('retry: initialDelaySeconds must not be larger than maxDelaySeconds')],
    ],
    [
      'two scopes with one lane',
      `
providers: { p: { kind: openai-compatible, baseUrl: http://h } }
models:
  a/b: { targets: [p/x], limits: { concurrency: 1 } }
  a:b: { targets: [p/x], limits: { concurrency: 2 } }`,
      [at('models["a:b"]: its lane "p.a_b" is already that of models.a/b; rename one')],
    ],
    [
      'a private host with a scheme',
      `${minimal}\nallowPrivateHosts: ["http://x"]`,
      [
        at(
          'allowPrivateHosts[0]: must be a host name, an IP address or a CIDR such as 10.0.0.0/8; got "http://x"',
        ),
      ],
    ],
    [
      'an empty file',
      '',
      ['sluice.config.yaml: defines no models and no apps; at least one is needed'],
    ],
    ['a list instead of a mapping', '- a', ['sluice.config.yaml: must be a mapping; got a list']],
    [
      'broken YAML with a hint at quotes',
      'providers: { p: { apiKey: ${KEY} } }',
      [
        'sluice.config.yaml:1:28: is not valid YAML: Unexpected flow-map-start at node end; inside { } and [ ] write "${NAME}" with quotes',
      ],
    ],
    [
      'a key given twice',
      'shards: 1\nshards: 2',
      ['sluice.config.yaml:2:1: is not valid YAML: Map keys must be unique'],
    ],
  ])('is refused for %s', (_case, yaml, problems) => {
    expect(problemsOf(() => load(yaml))).toEqual(problems);
  });

  it('has all its problems reported at once, with those of the environment', () => {
    const yaml = `
providers:
  openai: { kind: openai-compatible, baseUrl: ftp://x, apiKey: "\${OPENAI_API_KEY}" }
models: { fast: opena/x }
apps: { support: { provider: openai, apiKey: k } }
worker: { concurency: 5 }
`;
    const problems = problemsOf(() => load(yaml, { PORT: 'http', SLUICE_ADMIN_KEY: 'short' }));
    expect(problems.map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'sluice.config.yaml: providers.openai.apiKey',
      'sluice.config.yaml: providers.openai.baseUrl',
      'sluice.config.yaml: worker.concurency',
      'sluice.config.yaml: models.fast',
      'sluice.config.yaml: apps.support.provider',
      'environment: PORT',
      'environment: SLUICE_ADMIN_KEY',
    ]);
  });
});

describe('the file', () => {
  it('is the one that SLUICE_CONFIG names, relative to the working directory', () => {
    mkdirSync(join(cwd, 'sub'));
    writeFileSync(join(cwd, 'sub', 'mine.yaml'), minimal);
    const config = loadConfig({ env: { SLUICE_CONFIG: 'sub/mine.yaml' }, cwd });
    expect(Object.keys(config.routes.chat)).toEqual(['fast']);
  });

  it('is the one the caller names, before SLUICE_CONFIG', () => {
    writeFileSync(join(cwd, 'mine.yaml'), minimal);
    const config = loadConfig({ env: { SLUICE_CONFIG: 'none.yaml' }, cwd, file: 'mine.yaml' });
    expect(Object.keys(config.routes.chat)).toEqual(['fast']);
  });

  it('is reported when it is named but not there, together with what else is wrong', () => {
    const env = { SLUICE_CONFIG: 'none.yaml', PORT: '99999' };
    expect(problemsOf(() => loadConfig({ env, cwd }))).toEqual([
      'none.yaml: there is no such file',
      'environment: PORT: must be a port from 0 to 65535',
    ]);
  });

  it('is reported when it is a folder', () => {
    expect(problemsOf(() => loadConfig({ env: {}, cwd, file: '.' }))[0]).toContain(
      'cannot be read (EISDIR)',
    );
  });
});
