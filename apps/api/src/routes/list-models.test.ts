import { expect, it } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi } from '../testing/start-test-api.ts';

it('GET /v1/models lists models and apps as OpenAI does, apps beside them too, and no secret', async () => {
  const api = await startTestApi();
  const text = await (await api.call('/v1/models')).text();
  expect(JSON.parse(text)).toMatchObject({
    object: 'list',
    data: [
      {
        id: 'test-chat',
        object: 'model',
        type: 'chat',
        created: expect.any(Number),
        owned_by: 'test',
      },
      { id: 'test-embedding', object: 'model', type: 'embedding', owned_by: 'test' },
      { id: 'test-app', object: 'model', type: 'workflow', owned_by: 'test' },
    ],
    apps: [{ id: 'test-app', object: 'app', type: 'workflow', owned_by: 'test' }],
  });
  expect(text).not.toContain('canary');
  const one = await api.call('/v1/models/test-app');
  expect(await one.json()).toMatchObject({ id: 'test-app', object: 'model' });
  const missing = await expectError(await api.call('/v1/models/test-cat'), 404, 'model_not_found');
  expect(missing.message).toContain('test-chat');
});
