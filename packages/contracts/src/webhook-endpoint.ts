import { z } from 'zod';

import { webhookSecret, webhookUrl } from './job.ts';
import { jobTypes } from './job-type.ts';
import { terminalStates } from './job-state.ts';
import { name } from './name.ts';
import { responseEventTypes } from './response.ts';

/** Events of Sluice's own, beside `<job type>.<state>`. */
export const noticeTypes = [
  'webhook.test',
  'endpoint.disabled',
  'budget.threshold',
  'budget.exceeded',
  'spend.anomaly',
  'split.rolled_back',
] as const;
export type NoticeType = (typeof noticeTypes)[number];

/** Every event that a webhook may carry. */
export const eventTypes: readonly string[] = [
  ...jobTypes.flatMap((type) => terminalStates.map((state) => `${type}.${state}`)),
  ...responseEventTypes,
  ...noticeTypes,
];

/** `*`, `chat.*`, `*.failed` or the name of one event. */
const eventPattern = z
  .string()
  .refine((pattern) => eventTypes.some((type) => matchesEvent(pattern, type)), {
    error: 'must be *, a pattern such as workflow.* or *.failed, or the name of an event',
  });

/** Whether a pattern asks for events of this type; each side of the dot may be `*`, and `*` alone is everything. */
export function matchesEvent(pattern: string, type: string): boolean {
  if (pattern === '*') return true;
  const [wantedKind, wantedState, ...more] = pattern.split('.');
  const [kind, state] = type.split('.');
  const fits = (wanted: string | undefined, given: string | undefined) =>
    wanted === '*' || wanted === given;
  return more.length === 0 && fits(wantedKind, kind) && fits(wantedState, state);
}

const events = z.array(eventPattern).min(1).max(50);
const description = z.string().max(512);

/** Headers that say something about the connection or are Sluice's own. */
const reservedHeader =
  /^x-(relay-|usage-|cost-|forwarded|real-ip|request-id|sluice-|amz|aws|google|envoy|original|http-method)/i;

/** Custom headers: `X-…` and `Authorization`-like secrets in them; nothing that steers HTTP or the signature. */
const headers = z
  .record(
    z
      .string()
      .regex(/^X-[A-Za-z0-9-]{1,62}$/i, 'must begin with X- and have letters, digits and - only')
      .refine((header) => !reservedHeader.test(header), 'this header is reserved'),
    z.string().regex(/^[\x21-\x7e]([\x20-\x7e]{0,510}[\x21-\x7e])?$/, 'must be printable ASCII'),
  )
  .refine((value) => Object.keys(value).length <= 10, 'must have at most 10 entries');

const settings = {
  url: webhookUrl,
  events,
  description,
  headers,
  /** `thin` carries ids and a link in place of the result. */
  payload: z.enum(['full', 'thin']),
  enabled: z.boolean(),
  /** Only events of jobs that this provider ran. */
  provider: name.nullable(),
};

/** Body of `POST /v1/webhooks`. Without a secret Sluice makes one. */
export const createEndpoint = z.strictObject({
  ...settings,
  events: events.default(['*']),
  description: description.default(''),
  headers: headers.default({}),
  payload: settings.payload.default('full'),
  enabled: z.boolean().default(true),
  provider: settings.provider.default(null),
  secret: webhookSecret.optional(),
});
export type CreateEndpoint = z.infer<typeof createEndpoint>;
/** The same as a client may write it. */
export type CreateEndpointInput = z.input<typeof createEndpoint>;

/** Body of `POST /v1/webhooks/register`: the same in the words of other gateways. */
export const registerEndpoint = z.strictObject({
  provider: name.optional(),
  callback_url: webhookUrl,
  events: events.default(['*']),
  secret: webhookSecret.optional(),
});
export type RegisterEndpoint = z.infer<typeof registerEndpoint>;

/** Body of `PATCH /v1/webhooks/:id`. */
export const changeEndpoint = z.strictObject(settings).partial();
export type ChangeEndpoint = z.infer<typeof changeEndpoint>;

/** Body of `POST /v1/webhooks/:id/rotate-secret`: for `overlap_seconds` both secrets sign. */
export const rotateSecret = z.strictObject({
  overlap_seconds: z
    .number()
    .min(0)
    .max(30 * 86_400)
    .default(86_400),
  secret: webhookSecret.optional(),
});
export type RotateSecret = z.infer<typeof rotateSecret>;

/** Body of `POST /v1/webhooks/:id/redeliver`. */
export const redeliverSince = z.strictObject({
  since: z.iso.datetime({ offset: true }),
  /** Also what was delivered. */
  all: z.boolean().default(false),
});
export type RedeliverSince = z.infer<typeof redeliverSince>;

/** Why nothing is sent to an endpoint: its owner's wish, HTTP 410, or days of nothing but failures. */
export const disabledReasons = ['owner', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

export interface EndpointView {
  id: string;
  object: 'webhook_endpoint';
  url: string;
  events: string[];
  description: string;
  /** Names only: values are often secrets. */
  header_names: string[];
  payload: 'full' | 'thin';
  provider: string | null;
  enabled: boolean;
  disabled_reason?: DisabledReason;
  disabled_at?: string;
  /** Set while nothing but failures has come back, since the first of them. */
  failing_since?: string;
  created_at: string;
  /** Only in the answer that made it. */
  secret?: string;
}

/**
 * | state     | meaning                                                                  |
 * |-----------|--------------------------------------------------------------------------|
 * | pending   | will be sent, or sent again at `next_try_at`                             |
 * | delivered | a 2xx came back                                                          |
 * | failed    | the schedule is used up, or the reply said never again                   |
 * | parked    | the endpoint was disabled; enabling it sends it                          |
 */
export const deliveryStates = ['pending', 'delivered', 'failed', 'parked'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One event on its way to one endpoint. */
export interface DeliveryView {
  id: string;
  object: 'webhook_delivery';
  webhook_id: string;
  /** Equal to the header `webhook-id` of every attempt. */
  event_id: string;
  event_type: string;
  job_id?: string;
  state: DeliveryState;
  created_at: string;
  next_try_at?: string;
  attempts: DeliveryAttemptView[];
}

/** What `GET /v1/deliveries/:id` shows beside the delivery. */
export interface DeliveryDetailView extends DeliveryView {
  /** Start of the body that an attempt made now would send, at most 2,000 bytes; absent when the job is erased. */
  request_body_excerpt?: string;
}

/**
 * One POST. The body is not kept: it is made from the job's record for every attempt, so that erasing a job erases it
 * everywhere.
 */
export interface DeliveryAttemptView {
  number: number;
  at: string;
  url: string;
  /** As they were sent; the signature and the values of the endpoint's own headers are `[redacted]`. */
  request_headers: Record<string, string>;
  request_bytes: number;
  duration_ms: number;
  outcome: 'delivered' | 'retry' | 'rejected';
  status?: number;
  message?: string;
  /** Start of the reply, at most 2,000 bytes. */
  response_excerpt?: string;
}
