import type { IncomingHttpHeaders } from 'node:http';

import { z } from 'zod';

import { suggestName, type Config } from '@sluice/config';
import {
  cacheModes,
  name,
  priorities,
  SluiceError,
  type CacheMode,
  type SubmitJob,
} from '@sluice/contracts';

/** What a client asks of Sluice beside what the vendor's format can say. */
export interface CallOptions {
  priority?: (typeof priorities)[number];
  cacheMode?: CacheMode;
  sessionId?: string;
  user?: string;
  tags?: Record<string, string>;
  fallback?: false | string[];
  maxWaitSeconds?: number;
  /**
   * The whole call, from the accept to the answer; then the client is told that the job goes on. A job that has not begun by
   * then does not begin; one that has is not cut short, because what it has cost would be lost.
   */
  timeoutSeconds?: number;
  /** What becomes of the job when its client goes away. */
  onDisconnect: 'complete' | 'cancel';
}

const seconds = (max: number) =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/, 'must be a number of seconds')
    .transform(Number)
    .refine((value) => value > 0 && value <= max, `must be above 0 and at most ${max} seconds`);
const text = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters');
const oneOf = <const Value extends string>(values: readonly Value[]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

const tag = /^\s*([^=,\s][^=,]{0,63}?)\s*=\s*([^,]{0,512}?)\s*$/;
const tags = z.string().transform((value, context) => {
  const pairs = value.split(',').map((pair) => tag.exec(pair));
  if (pairs.length <= 16 && pairs.every((pair) => pair !== null)) {
    return Object.fromEntries(pairs.map(([, key = '', of = '']) => [key, of]));
  }
  context.addIssue({
    code: 'custom',
    message: 'must be at most 16 pairs as team=search, env=prod',
  });
  return z.NEVER;
});

const names = z.array(name).min(1).max(16);
const fallback = z.string().transform((value, context) => {
  if (value.trim().toLowerCase() === 'none') return false as const;
  const parsed = names.safeParse(value.split(',').map((each) => each.trim()));
  if (parsed.success) return parsed.data;
  context.addIssue({
    code: 'custom',
    message: 'must be none, or 1 to 16 names with commas between',
  });
  return z.NEVER;
});

/** Every header that is an option, as it is written, with what it may say. */
export const optionHeaders = {
  'X-Sluice-Priority': oneOf(priorities),
  'X-Sluice-Cache': oneOf(cacheModes),
  'X-Sluice-Session-Id': text,
  'X-Sluice-User': text,
  'X-Sluice-Tags': tags,
  'X-Sluice-Fallback': fallback,
  'X-Sluice-Max-Wait': seconds(604_800),
  'X-Sluice-On-Disconnect': oneOf(['complete', 'cancel']),
  'X-Sluice-Keep-Alive': z.union([z.literal('off'), seconds(300)], {
    error: 'must be off, or seconds above 0 and at most 300',
  }),
  'X-Request-Timeout': seconds(86_400),
} as const;

type OptionHeader = keyof typeof optionHeaders;

/**
 * The options in the headers of a request. `more` are headers of this kind that the route itself reads, in lower case.
 * @throws SluiceError `invalid_request` for an `X-Sluice-…` header that nobody knows or a value that it may not have; `param`
 *   is the header's name.
 */
export function readCallOptions(
  headers: IncomingHttpHeaders,
  more: readonly string[] = [],
): CallOptions {
  refuseUnknown(headers, more);
  const priority = readOption(headers, 'X-Sluice-Priority');
  const cacheMode = readOption(headers, 'X-Sluice-Cache');
  const sessionId = readOption(headers, 'X-Sluice-Session-Id');
  const user = readOption(headers, 'X-Sluice-User');
  const tagged = readOption(headers, 'X-Sluice-Tags');
  const fallbacks = readOption(headers, 'X-Sluice-Fallback');
  const maxWaitSeconds = readOption(headers, 'X-Sluice-Max-Wait');
  const timeoutSeconds = readOption(headers, 'X-Request-Timeout');
  return {
    ...(priority && { priority }),
    ...(cacheMode && { cacheMode }),
    ...(sessionId !== undefined && { sessionId }),
    ...(user !== undefined && { user }),
    ...(tagged && { tags: tagged }),
    ...(fallbacks !== undefined && { fallback: fallbacks }),
    ...(maxWaitSeconds !== undefined && { maxWaitSeconds }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    onDisconnect: readOption(headers, 'X-Sluice-On-Disconnect') ?? 'complete',
  };
}

/**
 * A job with the options. What the header says wins over what the body says, tags are added to its metadata.
 * @throws SluiceError `invalid_request` where the job has no such option.
 */
export function withOptions(
  submitted: SubmitJob,
  options: CallOptions,
  { attemptTimeoutMs }: Pick<Config['jobs'], 'attemptTimeoutMs'>,
): SubmitJob {
  const { timeoutSeconds, maxWaitSeconds = timeoutSeconds, sessionId, tags: tagged } = options;
  const isLonger = timeoutSeconds !== undefined && timeoutSeconds * 1_000 > attemptTimeoutMs;
  const metadata = { ...submitted.metadata, ...tagged };
  if (Object.keys(metadata).length > 16) {
    throw refuse(
      'X-Sluice-Tags',
      'the metadata of the body and the tags are more than 16 together',
    );
  }
  if (sessionId !== undefined && submitted.type !== 'workflow' && submitted.type !== 'chat') {
    throw refuse('X-Sluice-Session-Id', 'only chats and apps of Dify have sessions');
  }
  return {
    ...submitted,
    ...(options.priority && { priority: options.priority }),
    ...(options.cacheMode && { cache: { mode: options.cacheMode } }),
    ...(options.user !== undefined && { user: options.user }),
    ...(sessionId !== undefined && { session_id: sessionId }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(options.fallback !== undefined && { fallback: options.fallback }),
    ...(maxWaitSeconds !== undefined && { max_wait_seconds: maxWaitSeconds }),
    ...(isLonger && { attempt_timeout_seconds: timeoutSeconds }),
  };
}

/** The value of one option, `undefined` without the header. */
export function readOption<Header extends OptionHeader>(
  headers: IncomingHttpHeaders,
  header: Header,
): z.output<(typeof optionHeaders)[Header]> | undefined {
  const given = headers[header.toLowerCase()];
  if (given === undefined) return undefined;
  const parsed = optionHeaders[header].safeParse(String(given).trim());
  // The table gives each header its own type.
  if (parsed.success) return parsed.data as z.output<(typeof optionHeaders)[Header]>;
  const why = parsed.error.issues[0]?.message ?? 'is not valid';
  throw refuse(header, `${why}; got "${String(given).slice(0, 80)}"`);
}

function refuseUnknown(headers: IncomingHttpHeaders, more: readonly string[]): void {
  const known = [...Object.keys(optionHeaders), ...more];
  for (const given of Object.keys(headers)) {
    if (!given.startsWith('x-sluice-')) continue;
    if (known.some((header) => header.toLowerCase() === given)) continue;
    throw refuse(given, `unknown option; ${suggestName(given, known)}`);
  }
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
