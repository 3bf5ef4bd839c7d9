import { isTerminal, type JobEnding, type JobState } from '@sluice/contracts';
import { createLogger, createRedis, systemClock, whenReady } from '@sluice/runtime';
import { startTestRedis, testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { createRecords, type Records } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed, ended, webhook } from './fixtures.ts';

const config = { retentionMs: 3_600_000, idempotencyTtlMs: 3_600_000 };

test(
  'killing Redis in the middle of anything leaves nothing half done',
  { timeout: 60_000 },
  async () => {
    const server = await startTestRedis({ appendOnly: true });
    onTestFinished(() => server.stop());
    const acknowledged = new Map<string, JobState>();

    for (let round = 0; round < 5; round += 1) {
      const redis = await connect(server.url);
      const records = createRecords({
        redis,
        root: 'sluice',
        shards: 1,
        config,
        clock: systemClock,
      });
      const load = Array.from({ length: 40 }, (_, i) => runUntilKilled(records, i, acknowledged));
      await systemClock.sleep(60 + 40 * round);
      await server.kill();
      await Promise.all(load);
      redis.disconnect();
      await server.restart();
      await audit(server.url, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(100);
  },
);

/** A connection that does not send a command twice. */
async function connect(url: string) {
  const redis = createRedis(url, 'producer', createLogger({ name: 'test', level: 'silent' }));
  await whenReady(redis, 5_000);
  return redis;
}

/** Takes jobs through their lives, one after the other, and notes what Redis acknowledged. */
async function runUntilKilled(
  records: Records,
  seed: number,
  acknowledged: Map<string, JobState>,
): Promise<void> {
  const live = async (jobId: string, turn: number, accept: () => Promise<unknown>) => {
    await accept();
    acknowledged.set(jobId, 'queued');
    await records.begin(jobId);
    acknowledged.set(jobId, 'in_progress');
    if (turn % 4 === 0) return;
    const ending: JobEnding = turn % 3 === 0 ? ended('failed') : completed();
    await records.finish(jobId, ending, `evt_${jobId}`);
    acknowledged.set(jobId, ending.state);
  };
  try {
    for (let turn = seed; ; turn += 1) {
      const jobId = records.newJobId();
      if (turn % 5 > 0) {
        const request = chatRequest(jobId, 1_700_000_000_000, { webhook });
        await live(jobId, turn, () => records.accept(request));
        continue;
      }
      await records.accept(batchRequest(jobId, 1_700_000_000_000, 3));
      acknowledged.set(jobId, 'queued');
      for (const child of childRequests(jobId, 1_700_000_000_000, 3)) {
        await live(child.jobId, 1, () => records.acceptChildren([child]));
      }
    }
  } catch {
    // The connection died with the server.
  }
}

/** Everything that one script changes together must be there together, and everything acknowledged must be there. */
async function audit(url: string, acknowledged: Map<string, JobState>): Promise<void> {
  const redis = await connect(url);
  const records = createRecords({ redis, root: 'sluice', shards: 1, config, clock: systemClock });
  const jobIds = (await redis.keys('{sluice:0}/job:*')).map((key) => key.split(':').at(-1)!);
  const live = new Set(await redis.zrange('{sluice:0}/live', 0, '-1'));
  const listed = new Set(await redis.zrange('{sluice:0}/tenant:t1', 0, '-1'));
  const retained = new Set(await redis.zrange('{sluice:0}/retained', 0, '-1'));
  const outbox = await redis.xrange('{sluice:0}/outbox', '-', '+');
  const told = outbox.map(([, pairs]) => `${pairs[3]} ${pairs[5]}`);
  expect(new Set(told).size).toBe(told.length);
  expect(jobIds).toEqual(expect.arrayContaining([...acknowledged.keys()]));

  for (const jobId of jobIds) {
    const record = (await records.read(jobId))!;
    const over = isTerminal(record.state);
    const types = (await records.timeline(jobId)).map(({ type }) => type);
    const inProgress = record.state === 'in_progress';
    expect({
      jobId,
      live: live.has(jobId),
      hasTtl: (await redis.pttl(`{sluice:0}/job:${jobId}`)) > 0,
    }).toEqual({ jobId, live: !over, hasTtl: over });
    expect(types.at(-1)).toBe(record.state);
    expect(record.startedAtMs !== undefined).toBe(over || inProgress);
    expect(listed.has(jobId)).toBe(!record.batch);
    expect(retained.has(`${jobId} t1`)).toBe(over && !record.batch);
    expect(told.includes(`${jobId} finished`)).toBe(over && record.webhook !== undefined);
    const known = acknowledged.get(jobId) ?? 'queued';
    expect(isTerminal(known) ? known : record.state).toBe(record.state);
    if (record.type !== 'batch') continue;
    const children = (await records.list('t1', { batchId: jobId })).records;
    const done = children.filter(({ state }) => isTerminal(state)).length;
    expect(record.progress?.ended).toBe(done);
    expect(told.includes(`${jobId} batch_ready`)).toBe(done === 3);
  }
  redis.disconnect();
}

test('at the end of its memory Redis refuses new jobs and lets running ones begin, wait and end', async () => {
  const server = await startTestRedis();
  onTestFinished(() => server.stop());
  const { redis, root } = await testRedis({ url: server.url });
  const records = createRecords({ redis, root, shards: 1, config, clock: systemClock });
  // What happens to both happens in one command.
  const jobIds = [records.newJobId(), records.newJobId()];
  const both = async <Reply>(act: (jobId: string) => Promise<Reply>) =>
    await Promise.all(jobIds.map(act));
  await both((jobId) => records.accept(chatRequest(jobId, systemClock.now(), { webhook })));
  await redis.config('SET', 'maxmemory', '1mb');

  const refused = chatRequest(records.newJobId(), systemClock.now());
  await expect(records.accept(refused)).rejects.toThrow(/OOM/);
  expect(await records.read(refused.jobId)).toBeUndefined();
  expect(await both((jobId) => records.begin(jobId))).toMatchObject([
    { kind: 'run' },
    { kind: 'run' },
  ]);
  expect(await both((jobId) => records.requeue(jobId, {}))).toEqual([true, true]);
  expect(await both((jobId) => records.begin(jobId))).toMatchObject([
    { kind: 'run' },
    { kind: 'run' },
  ]);
  expect(await both((jobId) => records.finish(jobId, completed(), `evt_${jobId}`))).toEqual([
    { kind: 'finished' },
    { kind: 'finished' },
  ]);
  expect(await redis.zcard(`{${root}:0}/live`)).toBe(0);
  const messages = await redis.xrange(`{${root}:0}/outbox`, '-', '+');
  expect(messages.map(([, fields]) => fields[3])).toEqual(jobIds);
});
