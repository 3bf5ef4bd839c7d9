import { expect, it } from 'vitest';

import { describeConfig } from './describe-config.ts';
import { loadConfig } from './load-config.ts';

it('shows what is configured and none of its secrets', () => {
  const config = loadConfig({
    env: {
      OPENAI_API_KEY: 'sk-proj-very-secret-1234',
      DIFY_API_KEY: 'app-short',
      REDIS_URL: 'redis://user:hunter2@redis:6379',
      SLUICE_ADMIN_KEY: 'admin-key-of-24-letters-x',
    },
    cwd: '/nonexistent',
  });
  config.providers['openai']!.headers = { 'X-Org': 'secret-org' };
  const text = JSON.stringify(describeConfig(config));
  for (const secret of ['very-secret', 'app-short', 'hunter2', 'admin-key', 'secret-org']) {
    expect(text).not.toContain(secret);
  }
  expect(describeConfig(config)).toMatchObject({
    redisUrl: 'redis://***@redis:6379',
    providers: { openai: { keys: ['…1234'], headers: ['X-Org'] } },
    models: { 'sim-chat': ['simulator/sim-chat in lane simulator, keys …'] },
    lanes: { simulator: ['50 requests per 1 s (smooth)', 'concurrency 20'] },
  });
});
