import type { WebhookEvent } from '@sluice/contracts';

/** The measurements that every delivery carries; synchronous replies carry the same three. */
export type DeliveryHeaders = {
  /** Milliseconds from accept to end of the job. */
  'X-Relay-Latency': string;
  /** Total tokens, or `unknown`. */
  'X-Usage-Token-Count': string;
  /** US dollars with six decimals, or `unknown`. Never a guess. */
  'X-Cost-USD': string;
};

/** The measurements of an event as headers; a number that nobody gave is `unknown`, so the header is always there. */
export function deliveryHeaders({ data }: WebhookEvent): DeliveryHeaders {
  return {
    'X-Relay-Latency': String(data.latency_ms),
    'X-Usage-Token-Count': String(data.usage?.total_tokens ?? 'unknown'),
    'X-Cost-USD': data.cost_usd ?? 'unknown',
  };
}
