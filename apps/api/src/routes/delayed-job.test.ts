import { describe, expect, it } from 'vitest';

import type { JobView } from '@sluice/contracts';

import { expectError } from '../testing/expect-error.ts';
import { batchBody, chatBody, startTestApi } from '../testing/start-test-api.ts';

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

describe('POST /v1/jobs for later', () => {
  it('keeps the ticket out of the lane until run_at and counts max_wait_seconds from it', async () => {
    const api = await startTestApi();
    const runAt = inSeconds(3_600);
    const later = await api.accepted({ ...chatBody, run_at: runAt, max_wait_seconds: 5 });
    const batch = await api.accepted({ ...batchBody, delay_seconds: 60.5 });

    expect(later).toMatchObject({ state: 'queued', run_at: runAt });
    expect(Date.parse(batch.run_at!) - Date.parse(batch.created_at)).toBe(60_500);
    expect(await (await api.call(`/v1/jobs/${later.id}`)).json()).toEqual({
      ...later,
      estimated_start: runAt,
      timing: { scheduled_ms: expect.any(Number) },
    });
    expect(await api.records.read(later.id)).toMatchObject({
      lane: 'chat-lane',
      runAtMs: Date.parse(runAt),
      startByMs: Date.parse(runAt) + 5_000,
    });
    for (const { id } of [later, batch]) {
      expect(await api.lanes.ticketState('scheduled', { jobId: id, attempt: 1 })).toBe('live');
    }
    expect(await api.lanes.ticketState('chat-lane', { jobId: later.id, attempt: 1 })).toBe(
      'missing',
    );
    expect(await api.lanes.ticketState('batches', { jobId: batch.id, attempt: 1 })).toBe('missing');
  });

  it.each([{ delay_seconds: 0 }, { run_at: '2020-01-01T00:00:00+02:00' }])(
    'runs now what is due: %j',
    async (given) => {
      const api = await startTestApi();
      const job = await api.accepted({ ...chatBody, ...given });
      expect(job).not.toHaveProperty('run_at');
      expect(await api.lanes.ticketState('chat-lane', { jobId: job.id, attempt: 1 })).toBe('live');
    },
  );

  it('says what is wrong with a time, by the name of its field', async () => {
    const api = await startTestApi();
    const refused = async (given: object, param: string, said: string) => {
      const response = await api.submit({ ...chatBody, ...given });
      const error = await expectError(response, 400, 'invalid_request');
      expect(error).toMatchObject({ param, message: expect.stringContaining(said) });
    };
    await refused({ delay_seconds: 1, run_at: inSeconds(9) }, 'run_at', 'delay_seconds exclude');
    await refused({ delay_seconds: 2_592_001 }, 'delay_seconds', 'at most 2592000');
    await refused({ delay_seconds: -1 }, 'delay_seconds', 'at least 0');
    await refused({ run_at: 'tomorrow' }, 'run_at', 'got "tomorrow"');
    await refused({ run_at: '2027-01-31T08:00:00' }, 'run_at', 'must be a time as');
    await refused({ run_at: inSeconds(31 * 86_400) }, 'run_at', 'within 30 days');
  });

  it('is cancelled while it is delayed, and its ticket is gone', async () => {
    const api = await startTestApi();
    const { id } = await api.accepted({ ...chatBody, delay_seconds: 3_600 });
    const response = await api.call(`/v1/jobs/${id}/cancel`, { method: 'POST' });
    expect((await response.json()) as JobView).toMatchObject({ id, state: 'cancelled' });
    expect(await api.lanes.ticketState('scheduled', { jobId: id, attempt: 1 })).toBe('missing');
  });
});
