import { expect, it } from 'vitest';

import { startTestApi } from '../testing/start-test-api.ts';

it('GET /v1/models lists models as OpenAI does, apps beside them, and no secret', async () => {
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
    ],
    apps: [{ id: 'test-app', object: 'app', type: 'workflow', owned_by: 'test' }],
  });
  expect(text).not.toContain('canary');
});
