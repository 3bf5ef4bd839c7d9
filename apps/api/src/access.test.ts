import { scopes, type Scope } from '@sluice/contracts';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { describe, expect, it } from 'vitest';

import { anthropicErrors } from './anthropic/errors.ts';
import { difyErrors } from './dify/errors.ts';
import { apiRoutes } from './routes.ts';
import { expectAnthropicError, expectDifyError, expectError } from './testing/expect-error.ts';
import { startTestApi } from './testing/start-test-api.ts';

/** What needs no key. Whoever adds to it says here that anybody may ask. */
const openRoutes = ['get /healthz', 'get /readyz', 'get /openapi.json', 'get /docs'];

describe('the route table', () => {
  it('gives every route a scope, and opens only what is known to be open', () => {
    for (const { method, path, access } of apiRoutes) {
      expect({ method, path, access: [...scopes, 'any', 'open'].includes(access) }).toEqual({
        method,
        path,
        access: true,
      });
    }
    const open = apiRoutes.filter(({ access }) => access === 'open');
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual(openRoutes);
  });
});

describe('every key at every route', () => {
  it('is let in with the scope of the route, and with no other', async () => {
    const api = await startTestApi();
    const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
    await createTenants(deps).create({ id: 'acme' });
    const apiKeys = createApiKeys(deps);
    const keyWith = async (granted: Scope[]) =>
      (await apiKeys.create({ tenant_id: 'acme', scopes: granted })).key;
    const keys: { key: string; granted: Granted }[] = [
      { key: api.config.adminKey ?? '', granted: 'admin key' },
      { key: 'sk_sluice_of_nobody', granted: 'none' },
    ];
    for (const scope of scopes) keys.push({ key: await keyWith([scope]), granted: [scope] });
    for (const scope of scopes) {
      const others = scopes.filter((other) => other !== scope);
      keys.push({ key: await keyWith(others), granted: others });
    }
    for (const route of apiRoutes) {
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all(
        keys.map(({ key, granted }) => expectRefusal(api.url, route, key, granted)),
      );
    }
  }, 30_000);

  it('is refused at the queue board without the scope admin', async () => {
    const api = await startTestApi();
    const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
    const apiKeys = createApiKeys(deps);
    const statusWith = async (granted: Scope[]) => {
      const { key } = await apiKeys.create({ tenant_id: 'default', scopes: granted });
      const authorization = `Basic ${Buffer.from(`me:${key}`).toString('base64')}`;
      const response = await fetch(`${api.url}/admin/queues`, { headers: { authorization } });
      await response.text();
      return response.status;
    };
    expect(await statusWith(scopes.filter((scope) => scope !== 'admin'))).toBe(403);
    expect(await statusWith(['admin'])).toBe(200);
  });
});

type Granted = readonly Scope[] | 'admin key' | 'none';

async function expectRefusal(
  url: string,
  { method, path, access, errors }: (typeof apiRoutes)[number],
  key: string,
  granted: Granted,
): Promise<void> {
  const response = await fetch(url + path.replace(/:[a-z]+/g, 'nothing'), {
    method: method.toUpperCase(),
    headers: { authorization: `Bearer ${key}` },
  });
  const asked = { method, path, granted };
  const { status } = response;
  const refusal = status === 401 || status === 403 ? status : undefined;
  expect({ ...asked, refusal }).toEqual({ ...asked, refusal: expectedRefusal(access, granted) });
  if (status === 403) {
    const { message } = await expectForbidden(response, errors);
    expect(message).toContain(`"${access}"`);
  } else await response.text();
}

async function expectForbidden(
  response: Response,
  errors: (typeof apiRoutes)[number]['errors'],
): Promise<{ message: string }> {
  if (errors === difyErrors) return await expectDifyError(response, 403, 'forbidden');
  if (errors === anthropicErrors)
    return await expectAnthropicError(response, 403, 'permission_error');
  return await expectError(response, 403, 'insufficient_scope');
}

function expectedRefusal(
  access: (typeof apiRoutes)[number]['access'],
  granted: Granted,
): 401 | 403 | undefined {
  if (access === 'open' || granted === 'admin key') return undefined;
  if (granted === 'none') return 401;
  return access === 'any' || granted.includes(access) ? undefined : 403;
}
