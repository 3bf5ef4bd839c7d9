import type { App, Route } from '@sluice/config';
import { SluiceError, type AppKind, type WorkflowInput } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { checkAppInput } from './check-app-input.ts';

function refusal(kind: AppKind, input: Partial<WorkflowInput>, sessionId?: string): unknown {
  const app: App = { kind, onCrash: 'fail', sessionTtlMs: 1 };
  // Only what the check reads.
  const route = { name: 'support', targets: [{ app }] } as unknown as Route;
  try {
    checkAppInput(route, { inputs: {}, ...input }, sessionId);
    return undefined;
  } catch (error) {
    return error;
  }
}

test.each([
  ['workflow', {}],
  ['completion', {}],
  ['completion', { query: 'q' }],
  ['chat', { query: 'q' }],
  ['chatflow', { query: 'q', conversation_id: 'c' }],
  ['agent', { query: 'q', conversation_id: 'c' }],
] as const)('a %s app takes %j', (kind, input) => {
  expect(refusal(kind, input)).toBeUndefined();
});

test.each([
  ['workflow', { query: 'q' }, 'input.query', /input\.inputs\.query/],
  ['workflow', { conversation_id: 'c' }, 'input.conversation_id', /no conversation/],
  ['completion', { conversation_id: 'c' }, 'input.conversation_id', /no conversation/],
  ['chat', {}, 'input.query', /is missing: app "support" is a chat app/],
  ['chatflow', {}, 'input.query', /is missing/],
  ['agent', {}, 'input.query', /is missing/],
] as const)('a %s app refuses %j and names the field', (kind, input, param, message) => {
  const error = refusal(kind, input);
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject({
    code: 'invalid_request',
    param,
    message: expect.stringMatching(message),
  });
});

test('a session needs an app that holds conversations, and the only one who names one', () => {
  expect(refusal('chat', { query: 'q' }, 's')).toBeUndefined();
  for (const [kind, input] of [
    ['workflow', {}],
    ['completion', {}],
    ['chat', { query: 'q', conversation_id: 'c' }],
  ] as const) {
    expect(refusal(kind, input, 's')).toMatchObject({
      code: 'invalid_request',
      param: 'session_id',
    });
  }
});
