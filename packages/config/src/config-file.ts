import { appKinds, budget, modelTypes, name, tenantId } from '@sluice/contracts';
import { z } from 'zod';

import { adapterKinds } from './adapter-kinds.ts';
import { cleanApiKey } from './api-key.ts';
import { droppable, sayDroppable } from './droppable.ts';
import { batchesSection, filesSection } from './files-sections.ts';
import { limits } from './limits-section.ts';
import { isPrivateHost } from './private-host.ts';
import {
  fallbackSection,
  routerSection,
  appSplitSection,
  splitSection,
} from './routing-sections.ts';
import { cacheSection } from './cache-section.ts';
import { count, dayInSeconds, number, seconds } from './section-values.ts';
import { price } from './price-section.ts';
import { sessions } from './sessions-section.ts';

/** Queues of Sluice's own; a provider is a queue too, so it cannot have their names. */
const reservedNames = ['batches', 'scheduled', 'webhooks'];

const providerName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits or . _ - and start with a letter or digit',
  )
  .refine((given) => !reservedNames.includes(given), { error: 'is a queue of Sluice itself' });

const apiKey = z
  .string()
  .transform(cleanApiKey)
  .refine((key) => key === undefined || /^[\x21-\x7e]+$/.test(key), {
    error: 'must be printable ASCII without white space',
  });

/** Keys to take turns with. A text is several with commas between them, as an environment variable holds them. */
const apiKeys = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : value),
    z.array(apiKey).max(1_000),
  )
  .optional();

const headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a valid header name'),
  z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII in one line'),
);

const baseUrl = z
  .string()
  .refine(isBaseUrl, { error: 'must be an http or https URL without user, query and fragment' })
  .transform((url) => url.replace(/(?<!\/)\/+$/, ''));

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  const extras = url.username + url.password + url.search + url.hash;
  return /^https?:$/.test(url.protocol) && url.hostname !== '' && extras === '';
}

/** Options go into headers, queries, paths and bodies. A number is its text. */
const option = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without white space'),
);
const options = z.record(z.string(), option).default({});

const provider = z.strictObject({
  kind: z.enum(Object.keys(adapterKinds)),
  baseUrl: baseUrl.optional(),
  apiKey: apiKey.optional(),
  apiKeys,
  headers: headers.default({}),
  options,
  limits: limits.prefault({}),
  warm: z.boolean().default(false),
  timeouts: z
    .strictObject({
      firstByteSeconds: seconds(0.001, dayInSeconds).default(120),
      idleSeconds: seconds(0.001, dayInSeconds).default(300),
    })
    .prefault({}),
});

const retry = z
  .strictObject({
    maxAttempts: count(100).optional(),
    initialDelaySeconds: seconds(0, 3_600).optional(),
    maxDelaySeconds: seconds(0, dayInSeconds).optional(),
  })
  .refine(
    ({ initialDelaySeconds = 0, maxDelaySeconds = Infinity }) =>
      initialDelaySeconds <= maxDelaySeconds,
    { error: 'initialDelaySeconds must not be larger than maxDelaySeconds' },
  );
export type RetrySection = z.infer<typeof retry>;

/** What the catalogue does not know of a model, or knows wrong. */
const facts = {
  contextWindow: count().optional(),
  maxOutputTokens: count().optional(),
  tools: z.boolean().optional(),
  vision: z.boolean().optional(),
  sampling: z.boolean().optional(),
};

/** `provider/model`; the model's name may have slashes of its own. */
export function readShortTarget(text: string): { provider: string; model: string } | undefined {
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) return undefined;
  return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
}

/** The name of another model; one with a slash is only known as `alias:`. */
export function isShortAlias(text: string): boolean {
  return text !== '' && !text.includes('/');
}

/** Lets `provider/model`, or the name of another model, stand for the mapping that `expand` makes of it. */
function orShort<Schema extends z.ZodType>(
  schema: Schema,
  expand: (target: { provider: string; model: string } | { alias: string }) => unknown,
) {
  return z
    .unknown()
    .transform((value, context) => {
      if (typeof value !== 'string') return value;
      const target = readShortTarget(value);
      if (target) return expand(target);
      if (isShortAlias(value)) return expand({ alias: value });
      const message = 'must be a mapping, "provider/model", or the name of another model';
      context.issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    })
    .pipe(schema);
}

/** One upstream model, or as `alias` the targets of another model of the file: check-routing.ts wants one of them. */
const modelTarget = z.strictObject({
  alias: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().min(1).optional(),
  options,
  price: price.optional(),
  ...facts,
  retry: retry.optional(),
});
const targetOrShort = orShort(modelTarget, (given) => given);
export type TargetSection = z.infer<typeof modelTarget>;

/** Has targets, or a router or a split that choose another model: check-routing.ts wants one of them. */
const model = z.strictObject({
  type: z.enum(modelTypes).default('chat'),
  targets: z.array(targetOrShort).min(1).optional(),
  router: routerSection.optional(),
  split: splitSection.optional(),
  fallback: fallbackSection(targetOrShort).optional(),
  price: price.optional(),
  ...facts,
  cache: cacheSection.optional(),
  limits: limits.optional(),
  retry: retry.optional(),
  dropParams: z
    .union([z.boolean(), z.array(z.enum(droppable)).min(1)], { error: sayDroppable })
    .default(false),
});

const appTarget = z.strictObject({
  provider: z.string(),
  apiKey: apiKey.optional(),
  apiKeys,
  retry: retry.optional(),
});
const app = z.strictObject({
  kind: z.enum(appKinds).default('workflow'),
  onCrash: z.enum(['fail', 'rerun']).default('fail'),
  sessionSeconds: seconds(1, 366 * dayInSeconds).default(7 * dayInSeconds),
  provider: z.string().optional(),
  apiKey: apiKey.optional(),
  apiKeys,
  targets: z.array(appTarget).min(1).optional(),
  /** In place of targets: other apps of the same kind. */
  split: appSplitSection.optional(),
  cache: cacheSection.optional(),
  limits: limits.optional(),
  retry: retry.optional(),
});

const privateHost = z.string().refine(isPrivateHost, {
  error: 'must be a host name, an IP address or a CIDR such as 10.0.0.0/8',
});

/** Pauses before each delivery attempt, as Standard Webhooks proposes them: 10 attempts in about 3 days. */
const webhookSchedule = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/** What `sluice.config.yaml` may say. Every key is optional but `providers` and at least one model or app. */
export const configFile = z.strictObject({
  root: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ -')
    .default('sluice'),
  shards: count(1_024).default(1),
  providers: z.record(providerName, provider).default({}),
  models: z
    .record(
      name,
      orShort(model, (target) => ({ targets: [target] })),
    )
    .default({}),
  apps: z.record(name, app).default({}),
  catalogue: z.string().min(1).optional(),
  jobs: z
    .strictObject({
      maxWaitSeconds: seconds(0.001, 7 * dayInSeconds).default(dayInSeconds),
      timeoutSeconds: seconds(0.001, 30 * dayInSeconds).default(7 * dayInSeconds),
      attemptTimeoutSeconds: seconds(0.001, dayInSeconds).default(600),
      retentionSeconds: seconds(1, 366 * dayInSeconds).default(7 * dayInSeconds),
      idempotencySeconds: seconds(dayInSeconds, 366 * dayInSeconds).default(dayInSeconds),
    })
    .prefault({}),
  retry: retry.prefault({}),
  tenants: z
    .strictObject({
      maxQueuedJobs: count().optional(),
      maxQueuedBytes: count(1e15).optional(),
      maxConcurrency: count(1e6).optional(),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      scheduleSeconds: z
        .array(seconds(0, 7 * dayInSeconds))
        .min(1)
        .max(50)
        .default(webhookSchedule),
      timeoutSeconds: seconds(0.001, 300).default(15),
      disableAfterSeconds: seconds(1, 90 * dayInSeconds).default(5 * dayInSeconds),
      maxPayloadBytes: count(10_000_000).default(262_144),
      endpointConcurrency: count(1_000).default(10),
      endpointRequestsPerSecond: count(100_000).default(100),
    })
    .prefault({}),
  allowPrivateHosts: z.array(privateHost).default([]),
  checkKeys: z.boolean().default(false),
  worker: z
    .strictObject({
      concurrency: count(100_000).default(50),
      graceSeconds: z.number().min(0).max(86_400).default(20),
    })
    .prefault({}),
  budgets: z
    .strictObject({
      tenants: z.record(tenantId, budget).default({}),
      providers: z.record(providerName, budget).default({}),
    })
    .prefault({}),
  files: filesSection.prefault({}),
  batches: batchesSection.prefault({}),
  usage: z
    .strictObject({
      maxRows: count(100_000).default(1_000),
      anomaly: z
        .strictObject({
          factor: number(z.number().min(1).max(1_000)).default(3),
          minUsd: number(z.number().min(0).max(1e9)).default(10),
        })
        .prefault({}),
    })
    .prefault({}),
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: number(z.int().min(0).max(65_535)).default(8080),
      maxBodyBytes: count(1e9).default(10 * 1024 * 1024),
      maxConnections: count(1_000_000).default(10_000),
      requestsPerSecondPerKey: count(1_000_000).optional(),
      publicUrl: z
        .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
        .transform((url) => url.replace(/(?<!\/)\/+$/, ''))
        .optional(),
    })
    .prefault({}),
  sessions: sessions.prefault({}),
});
export type ConfigFile = z.infer<typeof configFile>;
/** The same before defaults are filled in. */
export type ConfigFileInput = z.input<typeof configFile>;
