import {
  appKinds,
  chatInput,
  embeddingInput,
  modelTypes,
  name,
  rerankInput,
  transcriptionInput,
} from '@sluice/contracts';
import { z } from 'zod';

import { adapterKinds } from './adapter-kinds.ts';
import { cleanApiKey } from './api-key.ts';
import { profileNames } from './config.ts';
import { suggestName } from './nearest-name.ts';
import { isPrivateHost } from './private-host.ts';

/** Environment variables are always text, so a number may be written as one: `concurrency: ${CONCURRENCY}`. */
function number<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    const isNumber =
      typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?(e[+-]?\d+)?\s*$/i.test(value);
    return isNumber ? Number(value) : value;
  }, schema);
}

const count = (max = 1e12) => number(z.int().min(1).max(max));
const seconds = (min: number, max: number) => number(z.number().min(min).max(max));
const money = number(z.number().min(0).max(1e6));
const dayInSeconds = 86_400;

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
  .transform((url) => url.replace(/\/+$/, ''));

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  const extras = url.username + url.password + url.search + url.hash;
  return /^https?:$/.test(url.protocol) && url.hostname !== '' && extras === '';
}

const pacing = z.enum(['smooth', 'burst']);
const counts = z.strictObject({
  requestsPerSecond: count().optional(),
  requestsPerMinute: count().optional(),
  requestsPerDay: count().optional(),
  tokensPerMinute: count().optional(),
  inputTokensPerMinute: count().optional(),
  outputTokensPerMinute: count().optional(),
  concurrency: count(1e6).optional(),
  pacing: pacing.default('smooth'),
  buckets: z
    .array(
      z.strictObject({
        unit: z.enum(['requests', 'tokens', 'inputTokens', 'outputTokens']),
        limit: count(),
        windowSeconds: seconds(0.001, 31 * dayInSeconds),
        pacing: pacing.optional(),
      }),
    )
    .default([]),
});
export type CountsSection = z.infer<typeof counts>;

const limits = counts.extend({
  perTenant: counts.optional(),
  profile: z.enum(profileNames).optional(),
  maxPauseSeconds: seconds(0.001, dayInSeconds).default(600),
});
export type LimitsSection = z.infer<typeof limits>;

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

const cache = z.strictObject({ ttlSeconds: seconds(0.001, 366 * dayInSeconds) });

const price = z.strictObject({
  inputPerMillion: money.optional(),
  outputPerMillion: money.optional(),
  cachedInputPerMillion: money.optional(),
  cacheWriteInputPerMillion: money.optional(),
  cacheWrite1hInputPerMillion: money.optional(),
  upToInputTokens: count().optional(),
  perThousandSearchUnits: money.optional(),
  perMinute: money.optional(),
  tiers: z
    .array(
      z.strictObject({
        aboveInputTokens: count(),
        inputPerMillion: money,
        outputPerMillion: money,
        cachedInputPerMillion: money.optional(),
        cacheWriteInputPerMillion: money.optional(),
        cacheWrite1hInputPerMillion: money.optional(),
      }),
    )
    .optional(),
});
export type PriceSection = z.infer<typeof price>;

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

/** Lets `provider/model` stand for the mapping that `expand` makes of it. */
function orShort<Schema extends z.ZodType>(
  schema: Schema,
  expand: (target: { provider: string; model: string }) => unknown,
) {
  return z
    .unknown()
    .transform((value, context) => {
      if (typeof value !== 'string') return value;
      const target = readShortTarget(value);
      if (target) return expand(target);
      const message = 'must be a mapping, or "provider/model"';
      context.issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    })
    .pipe(schema);
}

/** What a request is about is never left out. */
const content = ['messages', 'input', 'query', 'documents', 'audio'];
const inputs = [chatInput, embeddingInput, rerankInput, transcriptionInput];
const parameters = ['user', ...inputs.flatMap(({ shape }) => Object.keys(shape))];
const droppable = [...new Set(parameters)].filter((name) => !content.includes(name)).toSorted();

function sayDroppable({ input }: { input: unknown }): string {
  if (!Array.isArray(input)) return 'must be true, false, or a list such as [seed, top_k]';
  const unknown = input.find((each) => !droppable.includes(String(each)));
  return unknown === undefined
    ? 'must name at least one parameter'
    : `has no parameter ${JSON.stringify(unknown)}; ${suggestName(String(unknown), droppable)}`;
}

const modelTarget = z.strictObject({
  provider: z.string(),
  model: z.string().min(1),
  options,
  price: price.optional(),
  ...facts,
});
const model = z.strictObject({
  type: z.enum(modelTypes).default('chat'),
  targets: z.array(orShort(modelTarget, (target) => target)).min(1),
  price: price.optional(),
  ...facts,
  cache: cache.optional(),
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
});
const app = z.strictObject({
  kind: z.enum(appKinds).default('workflow'),
  onCrash: z.enum(['fail', 'rerun']).default('fail'),
  sessionSeconds: seconds(1, 366 * dayInSeconds).default(7 * dayInSeconds),
  provider: z.string().optional(),
  apiKey: apiKey.optional(),
  apiKeys,
  targets: z.array(appTarget).min(1).optional(),
  cache: cache.optional(),
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
      timeoutSeconds: seconds(0.001, dayInSeconds).default(600),
      retentionSeconds: seconds(1, 366 * dayInSeconds).default(7 * dayInSeconds),
      idempotencySeconds: seconds(1, 366 * dayInSeconds).default(dayInSeconds),
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
  worker: z.strictObject({ concurrency: count(100_000).default(50) }).prefault({}),
  usage: z.strictObject({ maxRows: count(100_000).default(1_000) }).prefault({}),
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: number(z.int().min(0).max(65_535)).default(8080),
      maxBodyBytes: count(1e9).default(10 * 1024 * 1024),
      maxConnections: count(1_000_000).default(10_000),
      publicUrl: z
        .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
        .transform((url) => url.replace(/\/+$/, ''))
        .optional(),
    })
    .prefault({}),
});
export type ConfigFile = z.infer<typeof configFile>;
/** The same before defaults are filled in. */
export type ConfigFileInput = z.input<typeof configFile>;
