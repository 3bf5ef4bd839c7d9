import { expect, test } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi } from '../testing/start-test-api.ts';

async function setUp() {
  const api = await startTestApi((config) => {
    const chat = config.routes.chat['test-chat']!;
    const arms = [
      { model: 'test-chat', weight: 90 },
      { model: 'next', weight: 10 },
    ] as const;
    const choice = {
      kind: 'split',
      arms,
      stickyBy: 'user',
      salt: '',
      rollback: undefined,
    } as const;
    const both = { ...chat, name: 'both', choice };
    const routes = { ...config.routes.chat, next: { ...chat, name: 'next' }, both };
    return { ...config, routes: { ...config.routes, chat: routes } };
  });
  const send = (method: string, path: string, body?: unknown) =>
    api.call(`/v1/splits/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return { api, send };
}

test('an operator sets weights, takes a share away, gives it back, and goes back to the configuration', async () => {
  const { send } = await setUp();
  const shown = async (reply: Promise<Response>) => (await reply).json();
  expect(await shown(send('PATCH', 'both', { weights: { next: 30 } }))).toMatchObject({
    weights: 'set',
    arms: [
      { model: 'test-chat', weight: 90, share: 0.75 },
      { model: 'next', weight: 30, share: 0.25, state: 'in_force' },
    ],
  });
  expect(await shown(send('POST', 'both/rollback', { arm: 'next' }))).toMatchObject({
    arms: [{}, { state: 'rolled_back', reason: 'by an operator' }],
  });
  expect(await shown(send('POST', 'both/resume', { arm: 'next' }))).toMatchObject({
    weights: 'set',
    arms: [{}, { state: 'in_force' }],
  });
  expect(await shown(send('POST', 'both/reset'))).toMatchObject({
    weights: 'configured',
    arms: [{ share: 0.9 }, { share: 0.1 }],
  });
});

test.each<[string, string, unknown, string]>([
  ['PATCH', 'both', { weights: { nex: 1 } }, 'weights.nex'],
  ['PATCH', 'both', { weights: { 'test-chat': 0, next: 0 } }, 'weights'],
  ['PATCH', 'both', { weights: { next: -1 } }, 'weights.next'],
  ['PATCH', 'both', { weights: {} }, 'weights'],
  ['POST', 'both/rollback', { arm: 'test-chat' }, 'arm'],
  ['POST', 'both/resume', { arm: 'other' }, 'arm'],
])('%s %s with %j is refused', async (method, path, body, param) => {
  const { send } = await setUp();
  const refused = await expectError(await send(method, path, body), 400, 'invalid_request');
  expect(refused).toMatchObject({ param });
});

test('a name without a split is not found, and the nearest one is named', async () => {
  const { send } = await setUp();
  const refused = await expectError(await send('POST', 'bot/reset'), 404, 'not_found');
  expect(refused).toMatchObject({ param: 'model', message: expect.stringContaining('both') });
});
