import { SluiceError, type TextDelta } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { countCut } from './count-cut.ts';
import type { Plan } from '../begin/plan-job.ts';

// As much of a plan as counting looks at.
const plan = {
  record: { type: 'chat', input: { messages: [{ role: 'user', content: 'Count to ten' }] } },
  target: {
    provider: { kind: 'openai' },
    model: 'gpt-5.4',
    price: { inputPerMillion: 1_000_000, outputPerMillion: 1_000_000 },
  },
} as unknown as Plan;

const attempt = {
  number: 1,
  provider: 'p',
  model: 'm',
  started_at_ms: 1,
  ended_at_ms: 2,
  outcome: 'failed' as const,
};

const cutWith = async (said?: TextDelta, code: 'cancelled' | 'upstream_auth' = 'cancelled') => {
  const error = new SluiceError(code, 'over');
  const isCut = code === 'cancelled';
  const call = { ok: false as const, attempt, error, isHeld: false, isCut, ...(said && { said }) };
  return (await countCut(plan, call)).attempt;
};

describe('a call that was cut', () => {
  it('has taken what it was asked and what it had answered, as an estimate with its cost', async () => {
    const { usage, cost_usd: cost } = await cutWith({ content: 'one, two, three' });
    expect(usage).toMatchObject({ source: 'estimate' });
    expect(usage?.output_tokens).toBeGreaterThan(3);
    expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
    expect(cost).toBe(`${usage?.total_tokens}.000000`);
    const more = await cutWith({
      content: 'one, two, three',
      reasoning: 'They want numbers.',
      tool_calls: [{ index: 0, function: { name: 'count', arguments: '{"to":' } }],
    });
    expect(more.usage?.total_tokens).toBeGreaterThan(usage?.total_tokens ?? 0);
  });

  it('before it said anything has taken what it was asked, and what it costs is unknown', async () => {
    for (const said of [undefined, {}]) {
      const { usage, cost_usd: cost } = await cutWith(said);
      expect(usage).toEqual({
        input_tokens: usage?.total_tokens,
        total_tokens: usage?.total_tokens,
        source: 'estimate',
      });
      expect(cost).toBe('unknown');
    }
  });

  it('is one that answered nothing, too: it is paid for as it was counted', async () => {
    const error = new SluiceError('empty_reply', 'nothing');
    const usage = {
      input_tokens: 2,
      output_tokens: 3,
      total_tokens: 5,
      source: 'provider',
    } as const;
    const spent = { usage, costUsd: '5' };
    const call = {
      ok: false as const,
      attempt,
      error,
      isHeld: false,
      isCut: false,
      isBought: true,
    };
    const counted = await countCut(plan, { ...call, spent });
    expect(counted.attempt).toMatchObject({ usage, cost_usd: '5.000000' });
  });

  it('is no call that was refused: that took nothing', async () => {
    expect(await cutWith({}, 'upstream_auth')).toEqual(attempt);
  });
});
