import { describe, expect, it } from 'vitest';

import { loadConfig } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import { resolveRoute } from './resolve-route.ts';

const config = loadConfig({ env: { OPENAI_API_KEY: 'sk-1' }, cwd: '/nonexistent' });

describe('resolveRoute', () => {
  it('finds models and apps by their public names', () => {
    expect(resolveRoute(config, 'chat', 'sim-chat').targets[0].lane).toBe('simulator');
    expect(resolveRoute(config, 'embedding', 'sim-embedding').type).toBe('embedding');
    expect(resolveRoute(config, 'workflow', 'sim-workflow').targets[0].lane).toBe('simulator-dify');
  });

  it.each([
    [
      'chat',
      'sim-chatt',
      'model_not_found',
      'there is no chat model "sim-chatt"; did you mean "sim-chat"?',
    ],
    [
      'workflow',
      'simworkflow',
      'app_not_found',
      'there is no app "simworkflow"; did you mean "sim-workflow"?',
    ],
    ['workflow', 'x', 'app_not_found', 'there is no app "x"; known: sim-workflow'],
    [
      'chat',
      'sim-workflow',
      'model_not_found',
      '"sim-workflow" is an app, so it runs no job of type "chat"; submit it as type "workflow"',
    ],
    [
      'workflow',
      'sim-chat',
      'app_not_found',
      '"sim-chat" is a chat model, so it runs no job of type "workflow"; submit it as type "chat"',
    ],
    [
      'embedding',
      'sim-chat',
      'model_not_found',
      '"sim-chat" is a chat model, so it runs no job of type "embedding"; submit it as type "chat"',
    ],
    [
      'chat',
      'sim-embedding',
      'model_not_found',
      '"sim-embedding" is an embedding model, so it runs no job of type "chat"; submit it as type "embedding"',
    ],
    [
      'embedding',
      'nothing',
      'model_not_found',
      'there is no embedding model "nothing"; known: sim-embedding',
    ],
    ['chat', 'constructor', 'model_not_found', 'there is no chat model "constructor"; known: sim-'],
    ['chat', '__proto__', 'model_not_found', 'there is no chat model "__proto__"'],
  ] as const)('refuses %s %s with %s', (type, name, code, message) => {
    const param = type === 'workflow' ? 'app' : 'model';
    const act = () => resolveRoute(config, type, name);
    expect(act).toThrow(SluiceError);
    expect(act).toThrow(expect.objectContaining({ code, param, retryable: false }));
    expect(act).toThrow(message);
  });
});
