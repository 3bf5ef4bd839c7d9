import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import type { Environment } from './environment.ts';
import { loadConfig } from './load-config.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-config-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const load = (env: Environment = {}) => loadConfig({ env, cwd });

describe('without a file', () => {
  it('there are the simulator, its chat model with a price, and its app', () => {
    const { routes, lanes, providers } = load();
    expect(routes.chat['sim-chat']!.targets).toMatchObject([
      {
        model: 'sim-chat',
        apiKeys: ['sim-key'],
        lane: 'simulator',
        price: { inputPerMillion: 0.2, outputPerMillion: 1.25, cachedInputPerMillion: 0.02 },
      },
    ]);
    expect(routes.workflow['sim-workflow']!.targets).toMatchObject([
      { model: 'sim-workflow', apiKey: 'app-sim', lane: 'simulator-dify' },
    ]);
    expect(providers['simulator']!.baseUrl).toBe('http://127.0.0.1:8081/openai/v1');
    expect(providers['simulator-dify']!.baseUrl).toBe('http://127.0.0.1:8081/dify/v1');
    expect(Object.keys(lanes)).toEqual(['simulator', 'simulator-dify']);
    expect(lanes['simulator']).toMatchObject({
      name: 'simulator',
      concurrency: 20,
      buckets: [{ unit: 'requests', limit: 50, windowMs: 1_000, pacing: 'smooth' }],
    });
  });

  it('the simulator is called on the port it was given', () => {
    const { providers } = load({ SLUICE_SIMULATOR_PORT: '9000' });
    expect(providers['simulator']!.baseUrl).toBe('http://127.0.0.1:9000/openai/v1');
  });

  it('OpenAI is added with its key, and answers at another address if one is set', () => {
    const { routes, providers } = load({ OPENAI_API_KEY: ' "sk-1" ' });
    expect(providers['openai']).toMatchObject({
      kind: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      apiKeys: ['sk-1'],
    });
    expect(routes.chat['gpt-5.4-nano']!.targets[0].price).toMatchObject({ inputPerMillion: 0.2 });
    const elsewhere = load({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://vllm:8000/v1/' });
    expect(elsewhere.providers['openai']!.baseUrl).toBe('http://vllm:8000/v1');
  });

  it('Anthropic is added with its key, and answers at another address if one is set', () => {
    const { routes, providers } = load({ ANTHROPIC_API_KEY: 'sk-ant-1' });
    expect(providers['anthropic']).toMatchObject({
      kind: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
      apiKeys: ['sk-ant-1'],
    });
    expect(routes.chat['claude-opus-5-5']!.targets).toMatchObject([
      { model: 'claude-opus-5-5', lane: 'anthropic', price: { inputPerMillion: 4 } },
    ]);
    expect(routes.chat['claude-sonnet-5-5']!.targets[0].price).toMatchObject({
      inputPerMillion: 2,
      cachedInputPerMillion: 'unknown',
    });
    const elsewhere = load({ ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: 'http://proxy' });
    expect(elsewhere.providers['anthropic']!.baseUrl).toBe('http://proxy');
  });

  it.each([
    [{ GEMINI_API_KEY: 'a' }, 'a'],
    [{ GOOGLE_API_KEY: 'b' }, 'b'],
    [{ GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b' }, 'b'],
  ])('Gemini is added with %o', (env, apiKey) => {
    const { routes, providers } = load(env);
    expect(providers['gemini']).toMatchObject({ kind: 'gemini', apiKeys: [apiKey] });
    expect(routes.chat['gemini-2.5-pro']!.targets[0].price).toMatchObject({
      inputPerMillion: 1.25,
    });
    expect(routes.chat['gemini-3.8-flash']!.targets[0].model).toBe('gemini-3.8-flash');
  });

  it('Dify is added with the key of its app', () => {
    const { routes } = load({ DIFY_API_KEY: 'app-1' });
    expect(routes.workflow['dify']!.targets).toMatchObject([
      { apiKey: 'app-1', provider: { baseUrl: 'https://api.dify.ai/v1' } },
    ]);
    const own = load({ DIFY_API_KEY: 'app-1', DIFY_BASE_URL: 'http://dify.internal/v1' });
    expect(own.providers['dify']!.baseUrl).toBe('http://dify.internal/v1');
  });

  it.each([
    ['gpu-box', 'http://gpu-box:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['127.0.0.1:9999', 'http://127.0.0.1:9999'],
    ['https://ollama.example/', 'https://ollama.example'],
    ['http://h:8080/base/', 'http://h:8080/base'],
  ])('Ollama at %s is called at %s', (host, baseUrl) => {
    const { providers, routes } = load({ OLLAMA_HOST: host, OLLAMA_MODEL: 'llama3.2:3b' });
    expect(providers['ollama']).toMatchObject({ kind: 'ollama', baseUrl });
    expect(routes.chat['llama3.2:3b']!.targets[0].price).toEqual({
      inputPerMillion: 0,
      outputPerMillion: 0,
    });
  });

  it('Ollama without a model adds nothing', () => {
    expect(load({ OLLAMA_HOST: 'localhost' }).providers['ollama']).toBeUndefined();
  });

  it('a variable that makes no sense is reported', () => {
    expect(() => load({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'example' })).toThrow(
      'built-in configuration: providers.openai.baseUrl: must be an http or https URL',
    );
  });
});

describe('the environment', () => {
  it('is stronger than the file', () => {
    const config = load({
      PORT: '0',
      SLUICE_HOST: '0.0.0.0',
      REDIS_URL: 'rediss://user:pass@redis.internal:6380/1',
      SLUICE_ROOT: 'test-1',
      SLUICE_DATA_DIR: '/var/lib/sluice',
      SLUICE_ADMIN_KEY: 'k'.repeat(24),
      SLUICE_ALLOW_PRIVATE_HOSTS: '127.0.0.1, localhost,10.0.0.0/8,',
    });
    expect(config).toMatchObject({
      root: 'test-1',
      server: { host: '0.0.0.0', port: 0 },
      redisUrl: 'rediss://user:pass@redis.internal:6380/1',
      dataDir: '/var/lib/sluice',
      adminKey: 'k'.repeat(24),
      allowPrivateHosts: ['127.0.0.1', 'localhost', '10.0.0.0/8'],
    });
  });

  it('forbids all private hosts with none', () => {
    expect(load({ SLUICE_ALLOW_PRIVATE_HOSTS: 'none' }).allowPrivateHosts).toEqual([]);
  });

  it.each([
    ['PORT', '-1', 'must be a port from 0 to 65535'],
    ['PORT', '8080x', 'must be a port from 0 to 65535'],
    ['SLUICE_SIMULATOR_PORT', '0', 'must be a port from 1 to 65535'],
    ['SLUICE_HOST', 'http://x', 'must be a host name or an IP address'],
    [
      'REDIS_URL',
      'localhost:6379',
      'must be a redis:// or rediss:// URL, redis+sentinel://host,host/name or redis+cluster://host,host',
    ],
    ['SLUICE_ROOT', '{a}', 'must be letters, digits or . _ -'],
    ['SLUICE_ADMIN_KEY', 'x'.repeat(23), 'must be at least 24 characters long'],
    [
      'SLUICE_ALLOW_PRIVATE_HOSTS',
      'http://x',
      'must be host names, IP addresses or CIDRs with commas between them, or none',
    ],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => load({ [name]: value })).toThrow(`environment: ${name}: ${message}`);
  });
});
