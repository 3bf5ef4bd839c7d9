import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ConfigError } from './config-error.ts';
import type { Config } from './config.ts';
import { loadConfig } from './load-config.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/routing.md', import.meta.url)));
const examples = [...page.toString().matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
const env = {
  OPENAI_API_KEY: 'sk-1',
  DEEPSEEK_API_KEY: 'sk-2',
  DIFY_REPORT_KEY: 'app-1',
  DIFY_BACKUP_KEY: 'app-2',
};

function load(text: string): Config {
  const cwd = mkdtempSync(join(tmpdir(), 'sluice-routing-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'sluice.config.yaml'), text);
  return loadConfig({ env, cwd });
}

/** What is wrong with these models, each as `<path in models>: <message>`. */
function problemsOf(models: string): string[] {
  const text = `providers: { p: { kind: openai-compatible, baseUrl: https://p.test/v1 } }\nmodels:\n${models}`;
  try {
    load(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace('sluice.config.yaml: models.', ''));
  }
}

describe('the examples of docs/routing.md', () => {
  it.each(examples.map((text) => [text]))('load: %#', (text) => {
    expect(Object.keys(load(text).lanes)).not.toEqual([]);
  });

  it('put the targets of other models in their places, each with its own retries', () => {
    const { routes } = load(examples[0] ?? '');
    const { targets, fallback } = routes.chat['assistant']!;
    expect(targets.map(({ model, retry }) => [model, retry.maxAttempts])).toEqual([
      ['gpt-5.4-mini', 4],
      ['deepseek-flash', 2],
    ]);
    expect(fallback).toMatchObject({ contextWindow: [{ model: 'gpt-5.4' }], allowDearer: false });
    expect(routes.chat['best']!.targets).toEqual(routes.chat['mini']!.targets);
  });
});

describe('a wrong model', () => {
  it.each<[string, string, string[]]>([
    [
      'an alias of nothing',
      '  fast: p/x\n  best: fastt',
      ['best: unknown model "fastt"; did you mean "fast"?'],
    ],
    [
      'aliases in a circle',
      '  a: { targets: [p/x, b] }\n  b: { targets: [a] }',
      ['a.targets[1]: leads back to "a": a → b → a', 'b.targets[0]: leads back to "b": b → a → b'],
    ],
    ['an alias of itself', '  a: a', ['a: leads back to "a": a → a']],
    [
      'an alias of another type',
      '  v: { type: embedding, targets: [p/x] }\n  a: { targets: [v] }',
      ['a.targets[0]: model "v" is an embedding model, not a chat model'],
    ],
    [
      'a fallback to nothing',
      '  a: { targets: [p/x], fallback: { contextWindow: [longg] } }\n  long: p/y',
      ['a.fallback.contextWindow[0]: unknown model "longg"; did you mean "long"?'],
    ],
    [
      'weights that sum to 0',
      '  a: p/x\n  s: { split: { arms: [{ model: a, weight: 0 }] } }',
      ['s.split.arms: have weights that sum to 0'],
    ],
    [
      'a pattern that is none',
      "  a: p/x\n  r: { router: { rules: [{ when: { regex: '(a' }, model: a }], default: a } }",
      [
        'r.router.rules[0].when.regex: is not a regular expression of RE2: error parsing regexp: missing closing ): `(a`',
      ],
    ],
    [
      'a rule that asks for nothing, and one that leads to a router',
      '  a: p/x\n  r: { router: { rules: [{ when: {}, model: r }], default: a } }',
      [
        'r.router.rules[0].model: model "r" has a router; name one with targets or a split',
        'r.router.rules[0].when: must ask for something; what matches always is the default',
      ],
    ],
    [
      'targets beside a router',
      '  a: p/x\n  r: { targets: [p/x], router: { default: a } }',
      ['r: has targets and router; keep one of them'],
    ],
    [
      'a price of a split',
      '  a: p/x\n  s: { split: { arms: [{ model: a, weight: 1 }] }, cache: { ttlSeconds: 1 } }',
      ['s.cache: belongs to the models that the split chooses from'],
    ],
  ])('is refused for %s', (_case, models, problems) => {
    expect(problemsOf(models)).toEqual(problems);
  });
});
