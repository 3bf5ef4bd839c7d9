/**
 * What a split does: a hundred users ask a model that is split 90 to 10, and each stays with its arm.
 *
 *     SLUICE_CONFIG=examples/config/canary.yaml npm start
 *     SLUICE_API_KEY=$(cat .data/admin-key) node examples/src/canary.ts
 */
import { createClient } from '@sluice/client';

const { SLUICE_URL: baseUrl = 'http://127.0.0.1:8080', SLUICE_API_KEY: apiKey = '' } = process.env;
const sluice = createClient({ baseUrl, apiKey });
const users = Array.from({ length: 100 }, (_, i) => `user-${i}`);
const arms = new Map<string, number>();
await Promise.all(
  users.map(async (user) => {
    const { routing } = await sluice.jobs.run({
      type: 'chat',
      model: 'everyday',
      user,
      input: { messages: [{ role: 'user', content: `Hello from ${user}` }] },
    });
    const arm = routing?.arm ?? 'none';
    arms.set(arm, (arms.get(arm) ?? 0) + 1);
  }),
);
process.stdout.write(`${JSON.stringify(Object.fromEntries(arms))}\n`);
