import { z } from 'zod';

const count = z.number().int().min(0);
const delayMs = z.number().min(0).max(86_400_000);

const statusFault = z.strictObject({
  kind: z.literal('status'),
  status: z.number().int().min(400).max(599),
  /** Absent = the dialect's own error for that status; a string is sent as it is. */
  body: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Sends Retry-After as a number of seconds. */
  retryAfterSeconds: z.number().min(0).optional(),
  /** Sends Retry-After as an HTTP-date that many milliseconds from now. */
  retryAfterDateInMs: z.number().optional(),
  /** Answers only after this time. */
  delayMs: delayMs.default(0),
});

/** What goes wrong. The comment says what the ledger shows for a chat. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** An error status instead of the answer: fault. */
  statusFault,
  /** Never answers; ends when the client leaves: fault. */
  z.strictObject({ kind: z.literal('hang') }),
  /**
   * Destroys the socket. Without a number before any work was done; with one after that many bytes
   * or pieces of the body (0 = the work is done, not a byte arrives): fault.
   */
  z.strictObject({
    kind: z.literal('reset'),
    afterBytes: count.optional(),
    afterChunks: count.optional(),
  }),
  /** Ends the body cleanly after k pieces (a JSON body: half of it), no terminal event: fault. */
  z.strictObject({ kind: z.literal('truncate'), afterChunks: count.default(1) }),
  /** Piece number k (from 0), or the JSON body, is not valid JSON; the rest is whole: fault. */
  z.strictObject({ kind: z.literal('malformed-json'), atChunk: count.default(0) }),
  /** Sends another Content-Type; the body is whole: bought. */
  z.strictObject({ kind: z.literal('content-type'), contentType: z.string().default('text/html') }),
  /** After k pieces sends the dialect's error event, or `data` as given, and ends: fault. */
  z.strictObject({
    kind: z.literal('error-event'),
    afterChunks: count.default(1),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
  /** Sends one byte per byteDelayMs: bought if the client stays. */
  z.strictObject({ kind: z.literal('slow-drip'), byteDelayMs: delayMs.default(10) }),
  /** Sends keep-alives only (comments in a stream, blank lines else), then a clean end: fault. */
  z.strictObject({
    kind: z.literal('keep-alive'),
    intervalMs: z.number().min(1).max(86_400_000).default(1000),
    /** Absent = until the client leaves. */
    durationMs: delayMs.optional(),
  }),
  /** Sends every byte as a chunk of its own, so that UTF-8 and lines are split anywhere: bought. */
  z.strictObject({ kind: z.literal('split') }),
]);

/** `POST /_sim/faults`: one scripted fault, used by the next matching calls. */
export const faultRuleSchema = z.strictObject({
  match: z
    .strictObject({
      /** Part of the path, e.g. "chat/completions". */
      path: z.string().optional(),
      key: z.string().optional(),
      model: z.string().optional(),
      kind: z.string().optional(),
      bodyIncludes: z.string().optional(),
    })
    .prefault({}),
  /** Matching calls let through before the first hit. */
  skip: count.default(0),
  /** Matching calls let through between two hits. */
  between: count.default(0),
  /** Number of calls to hit. */
  times: z.number().int().min(1).default(1),
  fault: faultSchema,
});

/** What a caller may send. */
export type FaultScript = z.input<typeof faultRuleSchema>;
/** A rule with all defaults filled in. */
export type FaultRule = z.output<typeof faultRuleSchema>;
/** One fault with all defaults filled in. */
export type Fault = z.output<typeof faultSchema>;
