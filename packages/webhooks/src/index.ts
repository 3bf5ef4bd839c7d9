export { buildEvent } from './build-event.ts';
export { noticeEventIdOf } from './notice-event-id.ts';
export { buildNotice } from './build-notice.ts';
export { deliveryHeaders } from './delivery-headers.ts';
export type { DeliveryHeaders } from './delivery-headers.ts';
export type { DeliveryOutcome } from './delivery-outcome.ts';
export { deliverySchedule } from './delivery-schedule.ts';
export type { DeliverySchedule } from './delivery-schedule.ts';
export { createDeliveryLog } from './endpoints/delivery-log.ts';
export type { DeliveryEntry, DeliveryFacts, DeliveryLog } from './endpoints/delivery-log.ts';
export { endpointView, signingSecrets } from './endpoints/endpoint-codec.ts';
export type { Endpoint } from './endpoints/endpoint-codec.ts';
export { createEndpointGate } from './endpoints/endpoint-gate.ts';
export type { EndpointGate } from './endpoints/endpoint-gate.ts';
export { createEndpointStore, maxEndpointsOfTenant } from './endpoints/endpoint-store.ts';
export type { EndpointStore, SubscriberMirror } from './endpoints/endpoint-store.ts';
export { deliveryIdOf, partsOfDelivery } from './endpoints/keys.ts';
export { eventFor } from './event-for.ts';
export type { Told } from './event-for.ts';
export { eventIdOf } from './event-id.ts';
export { excerptOf } from './read-excerpt.ts';
export { responseEvent } from './response-event.ts';
export type { SigningSecrets } from './sign-body.ts';
export { createWebhookSender } from './webhook-sender.ts';
export type {
  Delivery,
  PostedDelivery,
  WebhookSender,
  WebhookSenderOptions,
} from './webhook-sender.ts';
