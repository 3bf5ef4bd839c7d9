import { answerInside } from '../../batches/answer-inside.ts';
import { KeyedBook, workOn } from '../../batches/batch-book.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { serve } from '../../server/serve.ts';
import type { World } from '../../world.ts';
import { errorReply, invalidRequest, notFound } from '../errors.ts';
import { describeBatch, type Batch, type BatchRequest } from './batch.ts';
import { readBatchRequest } from './read-batch-request.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

/** The batches of one world, and the routes to them. */
export type BatchRoutes = { routes: Route[]; reset(): void };

/**
 * Message batches; `messages` is the route of a request that comes by itself.
 * @see https://platform.claude.com/docs/en/api/messages/batches
 */
export function createBatchRoutes(world: World, messages: Route): BatchRoutes {
  const batches = new KeyedBook<Batch>();
  const common = { kind: 'batch', paid: false } as const;
  const base = '/v1/messages/batches';
  const of = (answer: (batch: Batch, call: Call) => PreparedCall | Refusal) => (call: Call) =>
    withBatch(call, batches, answer);
  const create = (call: Call) => createBatch(call, { world, messages, batches });
  return {
    routes: [
      { ...common, method: 'POST', path: base, kind: 'batch-create', prepare: create },
      { ...common, method: 'GET', path: base, prepare: (call) => listBatches(call, batches) },
      { ...common, method: 'GET', path: `${base}/:id`, prepare: of(show) },
      { ...common, method: 'GET', path: `${base}/:id/results`, prepare: of(sendResults) },
      {
        ...common,
        method: 'POST',
        path: `${base}/:id/cancel`,
        prepare: of((batch, call) => cancelBatch(batch, call, world)),
      },
    ],
    reset: () => {
      for (const batch of batches.clear()) batch.cancel.abort();
    },
  };
}

type BatchMeans = { world: World; messages: Route; batches: KeyedBook<Batch> };

function createBatch(call: Call, means: BatchMeans): PreparedCall | Refusal {
  const requests = readBatchRequest(call.json);
  if ('status' in requests) return { refusal: errorReply(requests, call) };
  const { world } = means;
  return {
    answer: async (exchange) => {
      const batch: Batch = {
        id: `msgbatch_${world.clock.uuid().replaceAll('-', '')}`,
        key: call.key,
        requests: requests.map((request) => ({ ...request, result: undefined })),
        createdAtMs: call.ledger.entry.atMs,
        endedAtMs: undefined,
        cancelledAtMs: undefined,
        cancel: new AbortController(),
      };
      means.batches.add(batch);
      await exchange.reply({
        status: 200,
        body: JSON.stringify(describeBatch(batch, originOf(call))),
      });
      exchange.settle('served');
      await runBatch(means, call, batch);
    },
  };
}

async function runBatch({ world, messages }: BatchMeans, call: Call, batch: Batch): Promise<void> {
  const { requests, key, cancel } = batch;
  const answer = async (index: number): Promise<void> => {
    const request = requests[index];
    if (!request) return;
    const requestId = `req_${world.clock.uuid().replaceAll('-', '')}`;
    const inner = { route: messages, json: request.params, requestId };
    const { status, body } = await answerInside(world, call, inner);
    const said: unknown = JSON.parse(body);
    request.result =
      status < 300 ? { type: 'succeeded', message: said } : { type: 'errored', error: said };
  };
  const end = await workOn(world, { lines: requests.length, key, signal: cancel.signal, answer });
  const type = end === 'expired' ? 'expired' : 'canceled';
  for (const request of requests) request.result ??= { type };
  batch.endedAtMs = world.clock.toEpochMs(world.clock.now());
}

function listBatches(call: Call, batches: KeyedBook<Batch>): PreparedCall | Refusal {
  const limit = Number(call.query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    const message = `limit: Input should be an integer from 1 to ${MAX_LIMIT}`;
    return { refusal: errorReply(invalidRequest(message), call) };
  }
  const { page, hasMore } = batches.page(call.key, call.query.get('after_id'), limit);
  return serve(200, {
    data: page.map((batch) => describeBatch(batch, originOf(call))),
    has_more: hasMore,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  });
}

function withBatch(
  call: Call,
  batches: KeyedBook<Batch>,
  answer: (batch: Batch, call: Call) => PreparedCall | Refusal,
): PreparedCall | Refusal {
  const id = call.params.id ?? '';
  const batch = batches.find(id, call.key);
  return batch ? answer(batch, call) : { refusal: errorReply(notFound(`batch: ${id}`), call) };
}

function show(batch: Batch, call: Call): PreparedCall {
  return serve(200, describeBatch(batch, originOf(call)));
}

function cancelBatch(batch: Batch, call: Call, { clock }: World): PreparedCall | Refusal {
  if (batch.endedAtMs !== undefined) {
    return { refusal: errorReply(invalidRequest('batch: has ended and cannot be canceled'), call) };
  }
  batch.cancelledAtMs ??= clock.toEpochMs(clock.now());
  batch.cancel.abort();
  return show(batch, call);
}

/** Not in the order of the requests: nobody may count on it. */
function sendResults(batch: Batch, call: Call): PreparedCall | Refusal {
  if (batch.endedAtMs === undefined) {
    return { refusal: errorReply(notFound('batch: has no results before it has ended'), call) };
  }
  return {
    answer: async (exchange) => {
      const headers = { 'content-type': 'application/x-jsonl' };
      const body = batch.requests.toReversed().map(resultLine).join('');
      await exchange.reply({ status: 200, headers, body });
      exchange.settleByEnding();
    },
  };
}

function resultLine({ customId, result }: BatchRequest): string {
  return `${JSON.stringify({ custom_id: customId, result })}\n`;
}

function originOf({ headers }: Call): string {
  return `http://${headers.host ?? 'localhost'}`;
}
