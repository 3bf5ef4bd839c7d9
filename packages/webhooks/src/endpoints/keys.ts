/**
 * Every key of endpoints and their delivery log. All of one tenant are in one hash slot, so that one script may touch
 * several; and the tenant is part of each name, so that nobody reaches another tenant's by any id.
 *
 * | key, after {<root>:webhooks:<tenant>} | type   | what                                              | goes away            |
 * |---------------------------------------|--------|---------------------------------------------------|----------------------|
 * | /endpoints                            | zset   | endpoint id -> createdAt (ms)                     | owner: delete        |
 * | /endpoint:<id>                        | hash   | settings, secrets, health: see endpoint-codec.ts  | owner: delete        |
 * | /generation                           | hash   | reserved, removed: counters, see endpoint-store.ts | never: two numbers  |
 * | /deliveries:<endpoint id>             | zset   | delivery id -> createdAt (ms), at most 10,000     | TTL = retention      |
 * | /delivery:<delivery id>               | hash   | state, event, type, job, notice, nextTry, attempt:<n>    | TTL = retention      |
 */
export interface EndpointKeys {
  endpoints: string;
  generation: string;
  endpoint(endpointId: string): string;
  deliveries(endpointId: string): string;
  delivery(deliveryId: string): string;
}

export function endpointKeys(root: string, tenantId: string): EndpointKeys {
  const tag = `{${root}:webhooks:${tenantId}}`;
  return {
    endpoints: `${tag}/endpoints`,
    generation: `${tag}/generation`,
    endpoint: (endpointId) => `${tag}/endpoint:${endpointId}`,
    deliveries: (endpointId) => `${tag}/deliveries:${endpointId}`,
    delivery: (deliveryId) => `${tag}/delivery:${deliveryId}`,
  };
}

/**
 * The id of an event's delivery to an endpoint, and of its ticket: the same event to the same endpoint is one delivery,
 * whoever adds it and how often.
 */
export function deliveryIdOf(eventId: string, endpointId: string): string {
  return `dlv_${eventId.replace(/^evt_/, '')}-${endpointId.replace(/^wh_/, '')}`;
}

/** The event and the endpoint inside a delivery's id; `undefined` for a text that is none. */
export function partsOfDelivery(
  deliveryId: string,
): { eventId: string; endpointId: string } | undefined {
  const [, event, endpoint] = /^dlv_([a-z0-9_]{1,100})-([a-z0-9]{1,40})$/.exec(deliveryId) ?? [];
  return event && endpoint ? { eventId: `evt_${event}`, endpointId: `wh_${endpoint}` } : undefined;
}
