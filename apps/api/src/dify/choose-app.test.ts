import type { Config } from '@sluice/config';
import type { AppKind } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { testConfig } from '../testing/start-test-api.ts';
import { chooseApp, type Family } from './choose-app.ts';

function configWith(apps: Record<string, AppKind>): Config {
  const config = testConfig({ redisUrl: '', root: 'r' });
  const route = config.routes.workflow['test-app'];
  if (!route) throw new Error('the test configuration has an app');
  const workflow = Object.fromEntries(
    Object.entries(apps).map(([name, kind]) => {
      const app = { kind, onCrash: 'fail', sessionTtlMs: 1 } as const;
      return [name, { ...route, name, targets: [{ ...route.targets[0], app }] as const }];
    }),
  );
  return { ...config, routes: { ...config.routes, workflow } } as unknown as Config;
}

const all = configWith({ flow: 'workflow', talk: 'chat', lines: 'chatflow', write: 'completion' });

function refusal(headers: Record<string, string>, family: Family | undefined, config = all) {
  try {
    return chooseApp(headers, family, config);
  } catch (error) {
    return error;
  }
}

describe('the app of a request', () => {
  it.each([
    [{ 'x-dify-app-id': 'talk' }, 'chat', 'talk'],
    [{ 'x-sluice-app': ' lines ' }, 'chat', 'lines'],
    [{}, 'workflow', 'flow'],
    [{}, 'completion', 'write'],
  ] as const)('named by %o for a %s route is %s', (headers, family, name) => {
    expect(chooseApp(headers, family, all)).toMatchObject({ name });
  });

  it.each([
    [{}, 'chat', undefined, 'name the app; one of talk, lines'],
    [{}, undefined, undefined, 'one of flow, talk, lines, write'],
    [{ 'x-dify-app-id': 'flow' }, 'chat', 'not_chat_app', '"flow" is a workflow app'],
    [{ 'x-dify-app-id': 'talk' }, 'workflow', 'not_workflow_app', 'one of flow'],
    [{ 'x-dify-app-id': 'talk' }, 'completion', 'app_unavailable', 'one of write'],
    [{ 'x-dify-app-id': '__proto__' }, 'chat', undefined, 'there is no app "__proto__"'],
    [{ 'x-dify-app-id': 'tlak' }, 'chat', undefined, 'talk'],
  ] as const)('%o for a %s route is refused, and what is allowed is said', (...row) => {
    const [headers, family, upstreamCode, message] = row;
    const error = refusal(headers, family);
    expect(error).toMatchObject({ code: 'invalid_request', param: 'X-Dify-App-Id', upstreamCode });
    expect(String(error)).toContain(message);
  });

  it('is refused where there is none of that kind', () => {
    const error = refusal({}, 'chat', configWith({ flow: 'workflow' }));
    expect(String(error)).toContain('no chat app is configured');
  });
});
