import { expect, it } from 'vitest';

import { SluiceError } from '@sluice/contracts';
import { ParkedKeys } from '@sluice/limits';
import { systemClock } from '@sluice/runtime';

import { startTestApi } from '../testing/start-test-api.ts';

it('GET /v1/providers shows the ends of keys, and which of them are parked and why', async () => {
  const api = await startTestApi();
  const target = api.config.routes.chat['test-chat']!.targets[0];
  const { redis, config } = api;
  const parkedKeys = new ParkedKeys({ redis, root: config.root, clock: systemClock });
  const refused = new SluiceError('upstream_auth', 'test answered 401', { upstreamStatus: 401 });
  await parkedKeys.park(target, target.apiKey ?? '', refused);

  const text = await (await api.call('/v1/providers')).text();
  expect(JSON.parse(text)).toEqual({
    object: 'list',
    data: [
      {
        id: 'test',
        object: 'provider',
        kind: 'openai',
        base_url: 'http://127.0.0.1:9',
        keys: [
          {
            key: '…nary',
            parked: [
              {
                code: 'upstream_auth',
                reason: 'test answered 401',
                since: expect.stringMatching(/Z$/),
                until: expect.stringMatching(/Z$/),
              },
            ],
          },
        ],
      },
    ],
  });
  expect(text).not.toContain('canary');
});
