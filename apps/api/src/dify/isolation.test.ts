import { randomUUID } from 'node:crypto';

import { scopes, type JobView } from '@sluice/contracts';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { expect, it } from 'vitest';

import { startConversations } from '../testing/start-conversations.ts';
import { startTestApi, workflowBody, type TestApi } from '../testing/start-test-api.ts';
import { withDify } from '../testing/with-dify.ts';

const tenantIds = ['anna', 'bert', 'carl'];

interface Owned {
  tenant: string;
  /** The job's id, and Dify's ids of its task and run. */
  ids: readonly string[];
  fileId: string;
  /** Stands in what was asked: nobody else may ever read it. */
  canary: string;
}

type Ask = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; text: string }>;

it('no tenant reads, stops or is given what another one has at Dify, by whatever id', async () => {
  const api = await startTestApi();
  const asks = new Map<string, Ask>();
  const owned: Owned[] = [];
  for (const tenant of tenantIds) {
    const key = await keyOf(api, tenant);
    asks.set(tenant, askWith(api, key));
    owned.push(await own(api, tenant, key));
  }
  for (const [tenant, ask] of asks) {
    // The own ones last: to stop one changes it.
    const others = owned.filter((each) => each.tenant !== tenant);
    for (const each of others) await expectNothing(each, ask);
  }
  for (const each of owned) {
    const ask = asks.get(each.tenant);
    if (ask) await expectOwn(each, ask);
  }
});

it('no tenant reads or changes a conversation of another one’s user, whatever they are called', async () => {
  // The second one's name is what Dify calls a user of the first tenant.
  const users = ['u', 'anna:u'];
  const all = tenantIds.flatMap((tenant) =>
    users.map((user) => ({ tenant, user, id: randomUUID(), canary: `${tenant}-${user}-canary` })),
  );
  const dify = await startConversations(
    all.map(({ tenant, user, ...rest }) => ({ ...rest, user: `${tenant}:${user}` })),
  );
  const api = await startTestApi(withDify([dify.url], { talk: 'chat' }));
  for (const tenant of tenantIds) {
    const ask = askWith(api, await keyOf(api, tenant));
    for (const user of users) {
      const never = await answersAbout(randomUUID(), user, ask);
      expect(never.map(({ status }) => status)).toEqual(never.map(() => 404));
      for (const { id, canary, ...of } of all) {
        const answers = await answersAbout(id, user, ask);
        const told = answers.map(() => ({ status: 200, text: expect.stringContaining(canary) }));
        const isOwn = of.tenant === tenant && of.user === user;
        expect({ tenant, user, answers }).toEqual({ tenant, user, answers: isOwn ? told : never });
      }
      const list = await ask('GET', `/v1/conversations?user=${user}`);
      const shown = all.filter((each) => each.tenant === tenant && each.user === user);
      const data = shown.map(({ canary }) => ({ canary, user }));
      expect(JSON.parse(list.text)).toEqual({ data });
    }
  }
});

async function answersAbout(id: string, user: string, ask: Ask) {
  const calls = [
    ['GET', `/v1/messages?conversation_id=${id}&user=${user}`, undefined],
    ['GET', `/v1/conversations/${id}/variables?user=${user}`, undefined],
    ['GET', `/v1/messages/${id}/suggested?user=${user}`, undefined],
    ['POST', `/v1/conversations/${id}/name`, { user, name: 'mine' }],
    ['POST', `/v1/messages/${id}/feedbacks`, { user, rating: 'like' }],
    ['PUT', `/v1/conversations/${id}/variables/${id}`, { user, value: 1 }],
    ['DELETE', `/v1/conversations/${id}`, { user }],
  ] as const;
  return await Promise.all(calls.map(([method, path, body]) => ask(method, path, body)));
}

async function keyOf(api: TestApi, tenant: string): Promise<string> {
  const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
  await createTenants(deps).create({ id: tenant });
  const granted = scopes.filter((scope) => scope !== 'admin');
  return (await createApiKeys(deps).create({ tenant_id: tenant, scopes: granted })).key;
}

function askWith({ url }: TestApi, key: string): Ask {
  return async (method, path, body) => {
    const isForm = body instanceof FormData;
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'x-request-timeout': '0.1',
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
}

/** A run that Dify has taken, and a file. */
async function own(api: TestApi, tenant: string, key: string): Promise<Owned> {
  const ask = askWith(api, key);
  const canary = `${tenant}-canary`;
  const input = { inputs: { canary } };
  const submitted = await ask('POST', '/v1/jobs', { ...workflowBody, input });
  const { id } = JSON.parse(submitted.text) as JobView;
  const handle = { provider: 'dify', state: 'started', user: 'u', sent_at_ms: 1 } as const;
  const known = { task_id: `task-of-${tenant}`, run_id: `run-of-${tenant}` };
  await api.records.storeUpstream(id, { ...handle, ...known });
  const form = new FormData();
  form.append('file', new Blob([canary]), 'note.txt');
  form.append('user', 'u');
  const uploaded = await ask('POST', '/v1/files/upload', form);
  expect({ status: uploaded.status, text: uploaded.text }).toMatchObject({ status: 201 });
  const { id: fileId } = JSON.parse(uploaded.text) as { id: string };
  return { tenant, ids: [id, known.task_id, known.run_id], fileId, canary };
}

/** Its things are answered as those that never were, to the letter. */
async function expectNothing({ ids, fileId, canary }: Owned, ask: Ask): Promise<void> {
  for (const id of ids) {
    for (const [method, path, body] of [
      ['GET', (of: string) => `/v1/workflows/run/${of}`, undefined],
      ['POST', (of: string) => `/v1/workflows/tasks/${of}/stop`, { user: 'u' }],
      ['POST', (of: string) => `/v1/chat-messages/${of}/stop`, { user: 'u' }],
      ['POST', (of: string) => `/v1/completion-messages/${of}/stop`, { user: 'u' }],
    ] as const) {
      const reply = await ask(method, path(id), body);
      const never = await ask(method, path('never'), body);
      expect(reply).toEqual({ status: 404, text: never.text.replace('never', id) });
      expect(reply.text).not.toContain(canary);
    }
  }
  const doc = { type: 'document', transfer_method: 'local_file', upload_file_id: fileId };
  for (const body of [
    { inputs: { doc } },
    { inputs: { docs: [doc] } },
    { inputs: {}, files: [doc] },
  ]) {
    const reply = await ask('POST', '/v1/workflows/run', { ...body, user: 'u' });
    expect(reply).toMatchObject({ status: 404, text: expect.stringContaining('not_found') });
  }
}

async function expectOwn({ ids, fileId, canary }: Owned, ask: Ask): Promise<void> {
  for (const id of ids) {
    const reply = await ask('GET', `/v1/workflows/run/${id}`);
    expect(reply).toMatchObject({ status: 200, text: expect.stringContaining(canary) });
    expect(JSON.parse(reply.text)).toMatchObject({ id: ids[2], status: 'running' });
  }
  const doc = { type: 'document', transfer_method: 'local_file', upload_file_id: fileId };
  const run = await ask('POST', '/v1/workflows/run', { inputs: { doc }, user: 'u' });
  // No worker runs: it was accepted, and nobody answers it.
  expect(run).toMatchObject({ status: 504, text: expect.stringContaining('wait_timeout') });
  for (const id of ids.toReversed()) {
    const stopped = await ask('POST', `/v1/workflows/tasks/${id}/stop`, { user: 'u' });
    expect(stopped).toEqual({ status: 200, text: '{"result":"success"}' });
  }
  const after = await ask('GET', `/v1/workflows/run/${ids[0]}`);
  expect(JSON.parse(after.text)).toMatchObject({ status: 'stopped' });
}
