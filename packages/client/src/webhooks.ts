import type {
  ChangeEndpoint,
  CreateEndpointInput,
  DeliveryDetailView,
  DeliveryState,
  DeliveryView,
  EndpointView,
} from '@sluice/contracts';

import { readPages } from './pages.ts';
import { readJson, type Send } from './send-request.ts';

export type Webhooks = ReturnType<typeof createWebhooks>;

/** Endpoints that hear of every job of the key's tenant, and what became of each event. */
export function createWebhooks(send: Send) {
  const pathOf = (id: string, act = '') => `/v1/webhooks/${encodeURIComponent(id)}${act}`;
  return {
    /** The answer has the secret, this once. */
    create: async (endpoint: CreateEndpointInput): Promise<EndpointView> =>
      await readJson(send({ method: 'POST', path: '/v1/webhooks', body: endpoint })),
    list: (): AsyncGenerator<EndpointView, void> => readPages(send, '/v1/webhooks'),
    get: async (id: string): Promise<EndpointView> =>
      await readJson(send({ method: 'GET', path: pathOf(id) })),
    update: async (id: string, changes: ChangeEndpoint): Promise<EndpointView> =>
      await readJson(send({ method: 'PATCH', path: pathOf(id), body: changes })),
    async delete(id: string): Promise<void> {
      await send({ method: 'DELETE', path: pathOf(id) });
    },
    /** A new secret; both sign for `overlap_seconds`, a day by default. */
    rotateSecret: async (
      id: string,
      options: { overlap_seconds?: number; secret?: string } = {},
    ): Promise<EndpointView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/rotate-secret'), body: options })),
    /** Sends the endpoint a `webhook.test`. */
    test: async (id: string): Promise<DeliveryView> =>
      await readJson(send({ method: 'POST', path: pathOf(id, '/test') })),
    /** Every event that was sent to the endpoint, the newest first. */
    deliveries: (
      id: string,
      filter: { state?: DeliveryState } = {},
    ): AsyncGenerator<DeliveryView, void> => readPages(send, pathOf(id, '/deliveries'), filter),
    /** One delivery: every request and what came back. */
    delivery: async (deliveryId: string): Promise<DeliveryDetailView> =>
      await readJson(
        send({ method: 'GET', path: `/v1/deliveries/${encodeURIComponent(deliveryId)}` }),
      ),
    /** Sends an event again, whatever became of it. */
    redeliver: async (deliveryId: string): Promise<DeliveryView> =>
      await readJson(
        send({
          method: 'POST',
          path: `/v1/deliveries/${encodeURIComponent(deliveryId)}/redeliver`,
        }),
      ),
  };
}
