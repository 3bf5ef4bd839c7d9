import { z } from 'zod';
import { faultRuleSchema } from '../faults/fault-schema.ts';
import { behaviourSchema } from '../behaviour/behaviour-schema.ts';
import { limitsSchema } from '../limits/limits-schema.ts';
import { matchesFilter, summarizeLedger } from '../ledger/summarize-ledger.ts';
import { writeInvoice } from '../ledger/write-invoice.ts';
import type { World } from '../world.ts';

/** What a control route answers: a status and a JSON value; absent body = 204. */
export type ControlReply = { status: number; body?: unknown };

/** What a control route gets; `body` is parsed JSON, undefined without a body. */
export type ControlRequest = { body: unknown; query: Record<string, string> };

/** One route of the control plane. It throws a ZodError for a wrong request. */
export type ControlRoute = (request: ControlRequest) => ControlReply;

const DEFAULT_ENTRIES = 10_000;

const faultsSchema = z.array(faultRuleSchema).min(1);

const entriesQuery = z.strictObject({
  since: z.coerce.number().int().min(0).optional(),
  key: z.string().optional(),
  kind: z.string().optional(),
  model: z.string().optional(),
  outcome: z
    .enum(['open', 'bought', 'aborted', 'fault', 'limited', 'rejected', 'served'])
    .optional(),
  jobTag: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000_000).default(DEFAULT_ENTRIES),
});

const summaryQuery = z.strictObject({
  key: z.string().optional(),
  kind: z.string().optional(),
  windowMs: z.coerce.number().int().min(1).default(60_000),
});

/** All routes by `METHOD /path` after `/_sim`. `reset` also forgets what the dialects hold. */
export function createControlRoutes(world: World, reset: () => void): Map<string, ControlRoute> {
  return new Map<string, ControlRoute>([
    ['PUT /limits', ({ body }) => ok(world.limits.set(limitsSchema.parse(body)))],
    ['PUT /behaviour', ({ body }) => ok(world.behaviour.set(behaviourSchema.parse(body)))],
    ['POST /faults', ({ body }) => ({ status: 201, body: { faults: addFaults(world, body) } })],
    ['GET /faults', () => ok({ faults: world.faults.list() })],
    ['DELETE /faults', () => done(() => world.faults.clear())],
    ['GET /ledger', ({ query }) => ok(listEntries(world, entriesQuery.parse(query)))],
    ['GET /ledger/summary', ({ query }) => ok(summarize(world, summaryQuery.parse(query)))],
    [
      'GET /invoice',
      () => ok({ ...writeInvoice(world.ledger.entries()), dropped: world.ledger.dropped }),
    ],
    ['DELETE /ledger', () => done(() => world.ledger.clear())],
    ['POST /reset', () => done(reset)],
  ]);
}

function ok(body: unknown): ControlReply {
  return { status: 200, body };
}

function done(act: () => void): ControlReply {
  act();
  return { status: 204 };
}

function addFaults(world: World, body: unknown): unknown[] {
  const rules = Array.isArray(body) ? faultsSchema.parse(body) : [faultRuleSchema.parse(body)];
  return rules.map((rule) => world.faults.add(rule));
}

function listEntries(world: World, query: z.output<typeof entriesQuery>): unknown {
  const { limit, ...filter } = query;
  const matching = [...world.ledger.entries()].filter((entry) => matchesFilter(entry, filter));
  const entries = matching.slice(0, limit);
  return {
    entries,
    more: matching.length > limit,
    lastSeq: world.ledger.lastSeq,
    dropped: world.ledger.dropped,
  };
}

function summarize(world: World, query: z.output<typeof summaryQuery>): unknown {
  const { windowMs, ...filter } = query;
  return summarizeLedger(world.ledger, filter, windowMs);
}
