import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { ConfigError } from './config-error.ts';
import { loadConfig } from './load-config.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-buckets-'));
afterAll(() => rmSync(cwd, { recursive: true }));

function load(yaml: string) {
  writeFileSync(join(cwd, 'sluice.config.yaml'), yaml);
  return loadConfig({ env: {}, cwd });
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const provider = (limits: string, kind = 'openai') => `
providers: { p: { kind: ${kind}, baseUrl: http://h, apiKey: k, limits: ${limits} } }
models: { m: p/x }
allowPrivateHosts: [h]`;

describe('the limits of a lane', () => {
  it.each([
    [
      '{ requestsPerMinute: 5, buckets: [{ unit: requests, limit: 9, windowSeconds: 60 }] }',
      'providers.p.limits.buckets[0]',
      'providers.p.limits.requestsPerMinute',
    ],
    [
      '{ buckets: [{ unit: tokens, limit: 1, windowSeconds: 5 }, { unit: tokens, limit: 2, windowSeconds: 5.0001 }] }',
      'providers.p.limits.buckets[1]',
      'providers.p.limits.buckets[0]',
    ],
    [
      '{ perTenant: { tokensPerMinute: 5, buckets: [{ unit: tokens, limit: 9, windowSeconds: "60" }] } }',
      'providers.p.limits.perTenant.buckets[0]',
      'providers.p.limits.perTenant.tokensPerMinute',
    ],
  ])('are refused where two count the same: %s', (limits, one, other) => {
    const [problem, ...others] = problemsOf(provider(limits));
    expect(others).toEqual([]);
    expect(problem).toContain(
      `${one}: counts the same unit in the same window as ${other}; keep one of them`,
    );
  });

  it('may count one unit in several windows and several units in one', () => {
    const buckets =
      '[{ unit: requests, limit: 9, windowSeconds: 30 }, { unit: tokens, limit: 9, windowSeconds: 60 }]';
    const { lanes } = load(
      provider(
        `{ requestsPerMinute: 5, perTenant: { requestsPerMinute: 2 }, buckets: ${buckets} }`,
      ),
    );
    expect(lanes['p']?.buckets).toHaveLength(3);
  });

  it('take the place of the slice that Azure is taken to count in', () => {
    const slice = '{ unit: requests, limit: 3, windowSeconds: 1 }';
    const { lanes } = load(
      provider(`{ requestsPerMinute: 120, buckets: [${slice}] }`, 'azure-openai'),
    );
    expect(lanes['p']?.buckets.map(({ limit, windowMs }) => [limit, windowMs])).toEqual([
      [120, 60_000],
      [3, 1_000],
    ]);
  });
});

describe('the options of a target', () => {
  const models = (options: string) => `
providers: { p: { kind: ollama, options: { numCtx: 4096, keepAlive: 10m } } }
models: { m: { targets: [p/x, { provider: p, model: y, options: ${options} }] } }`;

  it('stand over those of its provider', () => {
    const { routes, providers } = load(models('{ numCtx: 8192 }'));
    expect(routes.chat['m']?.targets.map((target) => target.provider.options)).toEqual([
      { numCtx: '4096', keepAlive: '10m' },
      { numCtx: '8192', keepAlive: '10m' },
    ]);
    expect(providers['p']?.options['numCtx']).toBe('4096');
  });

  it('are refused where the kind has no such, or the value cannot be', () => {
    expect(problemsOf(models('{ keepAlive: soon, beta: x }'))).toEqual([
      expect.stringContaining(
        'models.m.targets[1].options.keepAlive: must be seconds, or a time such as 10m or 1h30m; got "soon"',
      ),
      expect.stringContaining('models.m.targets[1].options.beta: kind ollama has no such option'),
    ]);
  });
});
