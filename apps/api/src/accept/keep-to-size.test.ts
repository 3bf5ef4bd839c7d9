import type { ChatInput, SubmitJob } from '@sluice/contracts';
import type { BudgetBook } from '@sluice/metering';
import { expect, it } from 'vitest';

import { keepToSize } from './keep-to-size.ts';

// As much of a budget book as is looked at.
const budgets = { budgetOf: () => ({ max_output_tokens: 10 }) } as unknown as BudgetBook;

function keep(input: Partial<ChatInput>) {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const submitted: SubmitJob = { type: 'chat', model: 'm', input: { messages, ...input } };
  return keepToSize(submitted, { tenantId: 't' }, budgets).input;
}

it('several answers may have together what one may have', () => {
  expect(keep({})).toMatchObject({ max_completion_tokens: 10 });
  expect(keep({ n: 3 })).toMatchObject({ max_completion_tokens: 3 });
  expect(keep({ n: 2, max_tokens: 5 })).toMatchObject({ max_tokens: 5 });
  expect(() => keep({ n: 2, max_tokens: 6 })).toThrow(
    'input.max_tokens: is 6; jobs of this tenant may ask for 5 in each of 2 answers',
  );
  expect(() => keep({ n: 11 })).toThrow('input.n: is 11');
});
