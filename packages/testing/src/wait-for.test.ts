import { describe, expect, test } from 'vitest';

import { waitFor } from './wait-for.ts';

describe('waitFor', () => {
  test('gives the first value that holds', async () => {
    let calls = 0;
    const value = await waitFor(() => (++calls < 3 ? undefined : 'here'), { intervalMs: 1 });
    expect({ value, calls }).toEqual({ value: 'here', calls: 3 });
  });

  test('counts 0 and the empty string as values', async () => {
    expect(await waitFor(() => 0)).toBe(0);
    expect(await waitFor(() => '')).toBe('');
  });

  test('asks again after an error, and tells the last one when time is up', async () => {
    const broken = () => {
      throw new Error('not yet');
    };
    const waiting = waitFor(broken, { timeoutMs: 20, intervalMs: 1, description: 'the job' });
    await expect(waiting).rejects.toMatchObject({
      message: 'Waited 20 ms for the job, in vain',
      cause: { message: 'not yet' },
    });
  });
});
