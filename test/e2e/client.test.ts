import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { createClient, SluiceClientError, verifyWebhook } from '@sluice/client';
import { startReceiver } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { adminKey, useStack } from '../support/start-stack.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const stack = useStack();
const connect = (url = stack().url) => createClient({ baseUrl: url, apiKey: adminKey });
const chat = (content: string) => ({
  type: 'chat' as const,
  model: 'chat',
  input: { messages: [{ role: 'user' as const, content }] },
});

test('a job is submitted, waited for, looked at, listed and erased', async () => {
  const { jobs, usage } = connect();
  const job = await jobs.run({ ...chat('hello'), metadata: { order: '7' } });
  expect(job).toMatchObject({
    state: 'completed',
    result: { type: 'chat' },
    metadata: { order: '7' },
  });
  expect(await jobs.get(job.id)).toMatchObject({ id: job.id, state: 'completed' });
  const listed: string[] = [];
  for await (const { id } of jobs.list({ type: 'chat', limit: 1 })) listed.push(id);
  expect(listed).toContain(job.id);
  expect(await usage({ interval: 'all' })).toEqual(expect.any(Array));
  await jobs.delete(job.id);
  await expect(jobs.get(job.id)).rejects.toMatchObject({ code: 'not_found', status: 404 });
});

test('a wrong field is named, and a key that is wrong too', async () => {
  const { jobs } = connect();
  const wrong = { ...chat('x'), input: { messages: [] } };
  await expect(jobs.submit(wrong)).rejects.toMatchObject({
    code: 'invalid_request',
    status: 400,
    param: 'input.messages',
  });
  const stranger = createClient({ baseUrl: stack().url, apiKey: 'sk_wrong' });
  await expect(stranger.jobs.submit(chat('x'))).rejects.toBeInstanceOf(SluiceClientError);
  await expect(stranger.jobs.submit(chat('x'))).rejects.toMatchObject({ status: 401 });
});

test('a stream is whole although its connection is cut again and again', async () => {
  const reply = Array.from({ length: 50 }, (_, i) => `wörd${i}`).join(' ');
  await stack().simulator.behaviour({ chunkDelayMs: 30, chunks: 50, reply });
  const proxy = await startTcpProxy(Number(new URL(stack().url).port));
  onTestFinished(() => proxy.close());
  const stream = await connect(`http://127.0.0.1:${proxy.port}`).jobs.stream(chat('cut'));
  let pieces = 0;
  let text = '';
  for await (const piece of stream.text()) {
    text = piece.text;
    pieces += 1;
    if (pieces % 5 === 0) proxy.cut();
  }
  expect(text).toBe(reply);
  expect(pieces).toBeGreaterThan(5);
  expect(await stream.done()).toMatchObject({ state: 'completed' });
});

test('a cancelled job fails its run with the job', async () => {
  await stack().simulator.behaviour({ latencyMs: 20_000 });
  const { jobs } = connect();
  const { id } = await jobs.submit(chat('slow'), { idempotencyKey: 'a-slow-job' });
  const [failure] = await Promise.all([
    jobs.run(chat('slow'), { idempotencyKey: 'a-slow-job' }).catch((error: unknown) => error),
    jobs.cancel(id),
  ]);
  expect(failure).toMatchObject({ code: 'job_failed', job: { id, state: 'cancelled' } });
});

test('a webhook of an endpoint is verified with the secret of its making', async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const { jobs, webhooks } = connect();
  const { id, secret = '' } = await webhooks.create({
    url: receiver.url,
    events: ['chat.completed'],
  });
  const job = await jobs.run(chat('tell me'));
  const [request] = await receiver.waitForRequests(1, 20_000);
  const event = verifyWebhook(request?.rawBody ?? '', request?.headers ?? {}, secret);
  expect(event).toMatchObject({ type: 'chat.completed', data: { job_id: job.id } });
  const first = await webhooks.deliveries(id).next();
  expect(first.value).toMatchObject({ event_type: 'chat.completed', job_id: job.id });
  await webhooks.delete(id);
});

test('the package as it is published runs without this repository', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-client-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const run = promisify(execFile);
  const root = fileURLToPath(new URL('../../', import.meta.url));
  for (const name of ['contracts', 'client']) {
    const from = join(root, 'packages', name);
    await run('pnpm', ['run', 'build', '--outDir', join(folder, name)], { cwd: from });
  }
  expect(await readdir(join(folder, 'client'))).toEqual(
    expect.arrayContaining(['index.js', 'index.d.ts']),
  );
  for (const library of ['eventsource-parser', 'standardwebhooks']) {
    const target = join(root, 'packages/client/node_modules', library);
    const link = join(folder, 'node_modules', library);
    await mkdir(dirname(link), { recursive: true });
    await symlink(target, link);
  }
  const program = `
    import { createClient } from './client/index.js';
    const { jobs } = createClient({ baseUrl: ${JSON.stringify(stack().url)}, apiKey: ${JSON.stringify(adminKey)} });
    const stream = await jobs.stream(${JSON.stringify(chat('as published'))});
    let text = '';
    for await (const piece of stream.text()) text = piece.text;
    console.log(JSON.stringify({ text, state: (await stream.done()).state }));
  `;
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'program.js'), program);
  const { stdout } = await run(process.execPath, ['program.js'], { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    text: expect.stringContaining('as published'),
    state: 'completed',
  });
}, 60_000);
