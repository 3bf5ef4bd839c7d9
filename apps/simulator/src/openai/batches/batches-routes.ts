import { z } from 'zod';
import { KeyedBook } from '../../batches/batch-book.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { serve } from '../../server/serve.ts';
import type { World } from '../../world.ts';
import { invalidParameter, openAiError } from '../errors.ts';
import { describeBatch, type Batch } from './batch.ts';
import { createFilesRoutes, type StoredFile } from './files-routes.ts';
import { runBatch, type BatchMeans } from './run-batch.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const createSchema = z.object({
  input_file_id: z.string(),
  endpoint: z.enum(['/v1/chat/completions', '/v1/responses', '/v1/embeddings']),
  completion_window: z.literal('24h'),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** The files and batches of one world, and the routes to them. */
export type BatchRoutes = { routes: Route[]; reset(): void };

/**
 * Files, and `POST /batches`, `GET /batches`, `GET /batches/:id`, `POST /batches/:id/cancel`; `routes` are those that the lines
 * of a batch may name.
 * @see https://platform.openai.com/docs/api-reference/batch
 */
export function createBatchRoutes(world: World, routes: readonly Route[]): BatchRoutes {
  const files = new KeyedBook<StoredFile>();
  const batches = new KeyedBook<Batch>();
  const means: BatchMeans = { world, files, batches, routes };
  const common = { kind: 'batch', paid: false } as const;
  const create = (call: Call) => createBatch(call, means);
  return {
    routes: [
      ...createFilesRoutes(world, files),
      { ...common, method: 'POST', path: '/batches', kind: 'batch-create', prepare: create },
      { ...common, method: 'GET', path: '/batches', prepare: (call) => listBatches(call, batches) },
      {
        ...common,
        method: 'GET',
        path: '/batches/:id',
        prepare: (call) => withBatch(call, batches, (batch) => serve(200, describeBatch(batch))),
      },
      {
        ...common,
        method: 'POST',
        path: '/batches/:id/cancel',
        prepare: (call) => withBatch(call, batches, cancelBatch),
      },
    ],
    reset: () => {
      files.clear();
      for (const batch of batches.clear()) batch.cancel.abort();
    },
  };
}

function createBatch(call: Call, means: BatchMeans): PreparedCall | Refusal {
  const parsed = createSchema.safeParse(call.json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { refusal: invalidParameter(issue?.message ?? '', issue?.path.join('.') ?? '') };
  }
  const { input_file_id: fileId, endpoint, completion_window: window, metadata } = parsed.data;
  const input = means.files.find(fileId, call.key);
  if (!input)
    return { refusal: invalidParameter(`No such File object: ${fileId}`, 'input_file_id') };
  return {
    answer: async (exchange) => {
      const batch: Batch = {
        id: `batch_${means.world.clock.uuid().replaceAll('-', '')}`,
        key: call.key,
        endpoint,
        input,
        metadata: metadata ?? null,
        window,
        status: 'validating',
        errors: [],
        model: '',
        enqueuedTokens: 0,
        total: 0,
        output: [],
        failed: [],
        outputFileId: null,
        errorFileId: null,
        times: { created_at: Math.floor(call.ledger.entry.atMs / 1000) },
        cancel: new AbortController(),
      };
      means.batches.add(batch);
      await exchange.reply({ status: 200, body: JSON.stringify(describeBatch(batch)) });
      exchange.settle('served');
      await runBatch(means, call, batch);
    },
  };
}

function listBatches(call: Call, batches: KeyedBook<Batch>): PreparedCall | Refusal {
  const limit = Number(call.query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return { refusal: invalidParameter(`must be from 1 to ${MAX_LIMIT}`, 'limit') };
  }
  const { page, hasMore } = batches.page(call.key, call.query.get('after'), limit);
  return serve(200, {
    object: 'list',
    data: page.map(describeBatch),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: hasMore,
  });
}

function withBatch(
  call: Call,
  batches: KeyedBook<Batch>,
  answer: (batch: Batch) => PreparedCall | Refusal,
): PreparedCall | Refusal {
  const id = call.params.id ?? '';
  const batch = batches.find(id, call.key);
  if (batch) return answer(batch);
  return { refusal: openAiError(404, { message: `No batch found with id '${id}'.` }) };
}

function cancelBatch(batch: Batch): PreparedCall | Refusal {
  if (batch.status !== 'validating' && batch.status !== 'in_progress') {
    const message = `Cannot cancel a batch with status '${batch.status}'.`;
    return { refusal: openAiError(409, { message }) };
  }
  batch.status = 'cancelling';
  batch.cancel.abort();
  return serve(200, describeBatch(batch));
}
