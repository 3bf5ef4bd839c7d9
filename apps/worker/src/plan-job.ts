import type { Config, Lane, Route, Target } from '@sluice/config';
import { SluiceError, type ChatInput, type JobRecord, type Outcome } from '@sluice/contracts';
import type { PermitAmounts } from '@sluice/limits';
import { estimateTokensFromBytes } from '@sluice/metering';
import { resolveRoute } from '@sluice/routing';

/** Where a job goes now and what its call will be charged. */
export interface Plan {
  kind: 'possible';
  record: JobRecord;
  route: Route;
  target: Target;
  lane: Lane;
  amounts: PermitAmounts;
}

/** The current target of the job. A model that has left the configuration since the job was accepted fails it. */
export function planJob(
  record: JobRecord,
  config: Config,
): Plan | { kind: 'impossible'; outcome: Outcome } {
  try {
    const route = resolveRoute(
      config,
      record.type === 'workflow' ? 'workflow' : 'chat',
      record.model,
    );
    const target = route.targets[record.targetIndex] ?? route.targets[0];
    const lane = config.lanes[target.lane];
    if (!lane) throw new SluiceError('internal_error', `no lane ${target.lane} is configured`);
    return { kind: 'possible', record, route, target, lane, amounts: amountsOf(record, lane) };
  } catch (thrown) {
    const error = SluiceError.from(thrown).toJSON();
    return { kind: 'impossible', outcome: { kind: 'ended', ending: { state: 'failed', error } } };
  }
}

/** One request, and an estimate of its tokens where the lane counts them: what comes back at most, or what goes in. */
function amountsOf(record: JobRecord, lane: Lane): PermitAmounts {
  if (record.type !== 'chat' || !lane.buckets.some((bucket) => bucket.unit === 'tokens')) {
    return { requests: 1, tokens: 0 };
  }
  // The record's type says which input it holds; zod checked it at accept.
  const input = record.input as ChatInput;
  const inputTokens = estimateTokensFromBytes(Buffer.byteLength(JSON.stringify(input.messages)));
  const outputTokens = input.max_completion_tokens ?? input.max_tokens ?? 0;
  return { requests: 1, tokens: Math.max(inputTokens, outputTokens) };
}
