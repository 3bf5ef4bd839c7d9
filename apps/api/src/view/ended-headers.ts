import type { JobView } from '@sluice/contracts';

/** The measurements of an ended job, as every webhook delivery carries them; what nobody knows is `unknown`. */
export function endedHeaders(view: JobView): Record<string, string> {
  return {
    'X-Relay-Latency': String(view.latency_ms ?? 'unknown'),
    'X-Usage-Token-Count': String(view.usage?.total_tokens ?? 'unknown'),
    'X-Cost-USD': view.cost_usd ?? 'unknown',
  };
}
