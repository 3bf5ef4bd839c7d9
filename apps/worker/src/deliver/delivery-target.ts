import type { Delivery } from '@sluice/contracts';
import { signingSecrets, type Endpoint } from '@sluice/webhooks';

import type { DeliverWebhookDeps } from './deliver-deps.ts';

/** Where an event goes and how. */
export interface DeliveryTarget {
  /** `undefined` for a job's own webhook. */
  endpoint: Endpoint | undefined;
  url: string;
  secrets: ReturnType<typeof signingSecrets>;
  headers: Readonly<Record<string, string>>;
  payload: 'full' | 'thin';
  /** Whose share of this process's POSTs it takes: the endpoint's, or the host's of a job's own webhook. */
  gateKey: string;
}

/** The target as it is now: a changed URL or secret holds for every attempt after it. `undefined` when it is gone. */
export async function findTarget(
  { endpoint: named, jobId }: Delivery,
  { endpoints, records, clock }: Pick<DeliverWebhookDeps, 'endpoints' | 'records' | 'clock'>,
): Promise<DeliveryTarget | undefined> {
  if (named) {
    const endpoint = await endpoints.find(named.tenantId, named.endpointId);
    if (!endpoint) return undefined;
    const { url, headers, payload, id } = endpoint;
    const secrets = signingSecrets(endpoint, clock.now());
    return { endpoint, url, secrets, headers, payload, gateKey: id };
  }
  const webhook = jobId === undefined ? undefined : (await records.readSummary(jobId))?.webhook;
  if (!webhook) return undefined;
  return {
    endpoint: undefined,
    url: webhook.url,
    secrets: webhook.secret,
    headers: {},
    payload: 'full',
    gateKey: URL.parse(webhook.url)?.origin ?? webhook.url,
  };
}
