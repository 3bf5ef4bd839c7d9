import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { waitFor } from '@sluice/testing';
import { describe, expect, it } from 'vitest';

import { startApi } from '../start-api.ts';
import { completed, endJob } from '../testing/end-job.ts';
import { expectError } from '../testing/expect-error.ts';
import { allEvents, followEvents, type SentEvent } from '../testing/follow-events.ts';
import { chatBody, startTestApi, type TestApi } from '../testing/start-test-api.ts';
import { createLogger } from '@sluice/runtime';
import { eventIdOf } from '@sluice/webhooks';

const pieces = ['he', 'l', 'lo'];

/** Plays the worker: a job that has begun, and what sends the pieces of its answer. */
async function startAnswer(api: TestApi) {
  const { id } = await api.accepted({ ...chatBody, stream: true });
  await api.records.begin(id);
  const say = (number: number, run = 'run') =>
    api.records.appendDelta(id, {
      tenantId: 'default',
      run,
      number,
      attempt: 1,
      delta: { content: pieces[number - 1] ?? '' },
    });
  const end = () => api.records.finish(id, completed, eventIdOf(id));
  return { id, say, end };
}

async function answered(api: TestApi): Promise<string> {
  const { id, say, end } = await startAnswer(api);
  for (const number of [1, 2, 3]) await say(number);
  await end();
  return id;
}

const typesOf = (events: readonly SentEvent[]) => events.map(({ type }) => type);

function textOf(events: readonly SentEvent[]): string {
  let text = '';
  for (const { type, data } of events) {
    if (type === 'restart') text = '';
    if (type === 'delta') text += (data as { delta: { content: string } }).delta.content;
  }
  return text;
}

describe('GET /v1/jobs/:id/events', () => {
  it('tells all that happened, ends with the job as it ended, and may not be stored by anybody', async () => {
    const api = await startTestApi();
    const id = await answered(api);
    const response = await api.call(`/v1/jobs/${id}/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await response.text()).toMatch(/^retry: 1000\n\nid: 0\nevent: queued\ndata: \{/);

    const events = await allEvents(api, id);
    expect(typesOf(events)).toEqual([
      'queued',
      'in_progress',
      'delta',
      'delta',
      'delta',
      'completed',
    ]);
    expect(textOf(events)).toBe('hello');
    expect(events.at(-1)?.job).toMatchObject({
      id,
      state: 'completed',
      result: { message: { content: 'hello' } },
      usage: { total_tokens: 12 },
    });
  });

  it('goes on after any event that a client has had, without a gap and without a repetition', async () => {
    const api = await startTestApi();
    const id = await answered(api);
    const events = await allEvents(api, id);
    for (const [i, event] of events.slice(0, -1).entries()) {
      expect(await allEvents(api, id, event.id)).toEqual(events.slice(i + 1));
      const queried = await api.call(`/v1/jobs/${id}/events?after=${event.id}`);
      expect(await queried.text()).toContain(`id: ${events[i + 1]?.id}\n`);
    }
    const last = { 'last-event-id': events.at(-1)?.id ?? '' };
    const over = await api.call(`/v1/jobs/${id}/events`, { headers: last });
    expect({ status: over.status, text: await over.text() }).toEqual({ status: 204, text: '' });
  });

  it('tells each event when it happens', async () => {
    const api = await startTestApi();
    const { id, say, end } = await startAnswer(api);
    const following = followEvents(api, id);
    const next = async () => (await following.next()).value?.type;
    expect([await next(), await next()]).toEqual(['queued', 'in_progress']);
    for (const number of [1, 2, 3]) {
      await say(number);
      expect(await next()).toBe('delta');
    }
    await api.records.appendEvent(id, 'node_started', { title: 'LLM' });
    expect(await next()).toBe('node_started');
    await end();
    expect(await next()).toBe('completed');
    expect(await next()).toBeUndefined();
  });

  it('says that an answer begins again', async () => {
    const api = await startTestApi();
    const { id, say, end } = await startAnswer(api);
    await say(1);
    await say(2);
    for (const number of [1, 2, 3]) await say(number, 'second');
    await end();
    const events = await allEvents(api, id);
    expect(typesOf(events).slice(2, 6)).toEqual(['delta', 'delta', 'restart', 'delta']);
    expect(textOf(events)).toBe('hello');
  });

  it('has the answer in one piece when its pieces are gone, for whoever comes late or comes back', async () => {
    const api = await startTestApi();
    const id = await answered(api);
    await api.redis.del(`{${api.config.root}:0}/deltas:${id}`);
    const late = await allEvents(api, id);
    expect(typesOf(late)).toEqual(['queued', 'in_progress', 'restart', 'delta', 'completed']);
    expect(textOf(late)).toBe('hello');
    const back = await allEvents(api, id, '1.2');
    expect(typesOf(back)).toEqual(['restart', 'delta', 'completed']);
    expect(await allEvents(api, id, late[3]?.id)).toEqual(late.slice(2));
    const last = { 'last-event-id': late[4]?.id ?? '' };
    expect((await api.call(`/v1/jobs/${id}/events`, { headers: last })).status).toBe(204);
  });

  it('takes a broken Last-Event-ID for none, refuses a broken after, and answers HEAD at once', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted(chatBody);
    const headers = { 'last-event-id': 'nonsense' };
    const response = await api.call(`/v1/jobs/${id}/events`, { headers });
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).toContain('retry');
    for (const after of ['x', '-1', '1.2.3', '']) {
      const refused = await api.call(`/v1/jobs/${id}/events?after=${after}`);
      const { param } = await expectError(refused, 400, 'invalid_request');
      expect(param).toBe('after');
    }
    expect((await api.call(`/v1/jobs/${id}/events`, { method: 'HEAD' })).status).toBe(200);
  });

  it('is not there for another tenant, nor for a job that never was', async () => {
    const api = await startTestApi();
    const id = await answered(api);
    const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
    await createTenants(deps).create({ id: 'acme' });
    const { key } = await createApiKeys(deps).create({ tenant_id: 'acme', scopes: ['read'] });
    const headers = { authorization: `Bearer ${key}` };
    await expectError(await api.call(`/v1/jobs/${id}/events`, { headers }), 404, 'not_found');
    await expectError(await api.call('/v1/jobs/nothing/events'), 404, 'not_found');
  });

  it('ends for a job that is erased while it is followed', async () => {
    const api = await startTestApi();
    const { id } = await startAnswer(api);
    const following = allEvents(api, id);
    await waitFor(async () => (await watchers(api, id)) === 1);
    await api.records.erase(id);
    expect(['in_progress', 'cancelled']).toContain((await following).at(-1)?.type);
  });

  it('subscribes once to each job that is followed, and to none that nobody follows', async () => {
    const api = await startTestApi();
    const answers = await Promise.all([startAnswer(api), startAnswer(api), startAnswer(api)]);
    const following = answers.flatMap(({ id }) => [allEvents(api, id), allEvents(api, id)]);
    const watched = () => Promise.all(answers.map(({ id }) => watchers(api, id)));
    await waitFor(async () => (await watched()).join() === '1,1,1');
    await Promise.all(answers.map(({ end }) => end()));
    await Promise.all(following);
    await waitFor(async () => (await watched()).join() === '0,0,0');
  });

  it('ends when its process stops, and goes on from another one where it was', async () => {
    const api = await startTestApi();
    const { id, say, end } = await startAnswer(api);
    await say(1);
    const seen: SentEvent[] = [];
    const following = (async () => {
      for await (const event of followEvents(api, id)) seen.push(event);
    })();
    await waitFor(() => seen.length === 3);
    await api.close();
    await following;

    const log = createLogger({ name: 'api', level: 'silent' });
    const other = await startApi({ config: api.config, log });
    const authorization = `Bearer ${api.config.adminKey}`;
    const call: TestApi['call'] = (path, init) =>
      fetch(`${other.url}${path}`, { ...init, headers: { authorization, ...init?.headers } });
    const rest = allEvents({ call }, id, seen.at(-1)?.id);
    await say(2);
    await say(3);
    await end();
    const events = [...seen, ...(await rest)];
    await other.close();
    expect(textOf(events)).toBe('hello');
    expect(typesOf(events).at(-1)).toBe('completed');
  });
});

async function watchers(api: TestApi, id: string): Promise<unknown> {
  return (await api.redis.pubsub('NUMSUB', `{${api.config.root}:0}/changes:${id}`))[1];
}

it('a job without a stream has events all the same', async () => {
  const api = await startTestApi();
  const { id } = await api.accepted(chatBody);
  await endJob(api, id);
  expect(typesOf(await allEvents(api, id))).toEqual(['queued', 'in_progress', 'completed']);
});
