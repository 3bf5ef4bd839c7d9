import { SluiceError, type SubmitJob } from '@sluice/contracts';
import { estimateTokensFromBytes, type BudgetBook } from '@sluice/metering';
import type { Caller } from '@sluice/tenants';

/**
 * Refuses a job that is larger than its tenant's jobs may be; gives a chat that does not say how much output it wants the most
 * that it may have.
 * @throws SluiceError `invalid_request`.
 */
export function keepToSize(
  submitted: SubmitJob,
  { tenantId }: Pick<Caller, 'tenantId'>,
  budgets: BudgetBook,
): SubmitJob {
  const { max_input_tokens: maxInput, max_output_tokens: maxOutput } =
    budgets.budgetOf(`tenant:${tenantId}`) ?? {};
  if (maxInput !== undefined) refuseLarge(submitted, maxInput);
  return maxOutput === undefined ? submitted : capOutput(submitted, maxOutput);
}

function refuseLarge({ input }: SubmitJob, maxTokens: number): void {
  const tokens = estimateTokensFromBytes(Buffer.byteLength(JSON.stringify(input)));
  if (tokens <= maxTokens) return;
  const message = `input: has about ${tokens} tokens; jobs of this tenant may have ${maxTokens}`;
  throw new SluiceError('invalid_request', message, { param: 'input' });
}

function capOutput(submitted: SubmitJob, maxTokens: number): SubmitJob {
  if (submitted.type !== 'chat') return submitted;
  const { max_completion_tokens: asked, max_tokens: older, n = 1 } = submitted.input;
  // Each of several answers may be as long as the request says.
  const most = Math.floor(maxTokens / n);
  if (most === 0) {
    const message = `input.n: is ${n}; jobs of this tenant may ask for ${maxTokens} tokens in all answers`;
    throw new SluiceError('invalid_request', message, { param: 'input.n' });
  }
  for (const [name, value] of Object.entries({ max_completion_tokens: asked, max_tokens: older })) {
    if (value === undefined || value <= most) continue;
    const of = n === 1 ? '' : ` in each of ${n} answers`;
    const message = `input.${name}: is ${value}; jobs of this tenant may ask for ${most}${of}`;
    throw new SluiceError('invalid_request', message, { param: `input.${name}` });
  }
  if (asked !== undefined || older !== undefined) return submitted;
  return { ...submitted, input: { ...submitted.input, max_completion_tokens: most } };
}
