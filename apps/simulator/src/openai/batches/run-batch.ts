import { answerInside } from '../../batches/answer-inside.ts';
import { workOn, type KeyedBook } from '../../batches/batch-book.ts';
import type { Call } from '../../server/call.ts';
import type { Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import type { Batch, BatchStatus, LineError } from './batch.ts';
import type { StoredFile } from './files-routes.ts';
import { readLines, type InputLine } from './read-lines.ts';

/** What a batch is worked on with. */
export type BatchMeans = {
  world: World;
  files: KeyedBook<StoredFile>;
  batches: KeyedBook<Batch>;
  routes: readonly Route[];
};

/**
 * The life of a batch: its file is read, its lines get answers, and these become files. `call` is the one that created it.
 */
export async function runBatch(means: BatchMeans, call: Call, batch: Batch): Promise<void> {
  const { world, routes } = means;
  const move = (status: BatchStatus): void => {
    batch.status = status;
    if (status === 'validating') return;
    batch.times[`${status}_at`] = Math.floor(world.clock.toEpochMs(world.clock.now()) / 1000);
  };
  const route = routes.find(({ path }) => batch.endpoint === `/v1${path}`);
  const { lines, errors } = readLines(batch.input.text, batch.endpoint);
  const { failWith } = world.behaviour.for(batch.key).settings.batch;
  if (failWith) errors.push({ ...failWith, line: null, param: null });
  errors.push(...enqueue(means, batch, lines));
  if (errors.length > 0 || !route) {
    batch.errors = errors;
    batch.enqueuedTokens = 0;
    return move('failed');
  }
  batch.total = lines.length;
  move('in_progress');
  const { signal } = batch.cancel;
  const answer = (index: number) => answerLine(means, { call, batch, route, line: lines[index] });
  const end = await workOn(world, { lines: lines.length, key: batch.key, signal, answer });
  batch.enqueuedTokens = 0;
  if (end === 'cancelled') move('cancelling');
  if (end === 'expired') expireRest(batch, lines);
  if (end !== 'cancelled') move('finalizing');
  store(means, batch);
  move(end === 'done' ? 'completed' : end);
}

/**
 * Counts the batch among those of its key and model that have not ended; or says that they are too many tokens, in OpenAI's words.
 * @see https://platform.openai.com/docs/guides/batch#rate-limits
 */
function enqueue(
  { world, batches }: BatchMeans,
  batch: Batch,
  lines: readonly InputLine[],
): LineError[] {
  const { maxEnqueuedTokens: most = Infinity } = world.behaviour.for(batch.key).settings.batch;
  batch.model = lines[0]?.model ?? '';
  batch.enqueuedTokens = lines.reduce((sum, line) => sum + line.tokens, 0);
  const others = batches.of(batch.key).filter(({ model }) => model === batch.model);
  const enqueued = others.reduce((sum, { enqueuedTokens }) => sum + enqueuedTokens, 0);
  if (enqueued <= most) return [];
  const limit = most.toLocaleString('en-US');
  const message =
    `Enqueued token limit reached for ${batch.model} in organization org-sim. ` +
    `Limit: ${limit} enqueued tokens. Please try again once some in_progress batches have been completed.`;
  return [{ code: 'token_limit_exceeded', message, line: null, param: null }];
}

async function answerLine(
  { world }: BatchMeans,
  {
    call,
    batch,
    route,
    line,
  }: { call: Call; batch: Batch; route: Route; line: InputLine | undefined },
): Promise<void> {
  if (!line) return;
  const requestId = `req_${world.clock.uuid().replaceAll('-', '')}`;
  const reply = await answerInside(world, call, { route, json: line.body, requestId });
  const { status } = reply;
  const response = { status_code: status, request_id: requestId, body: JSON.parse(reply.body) };
  const into = status < 300 ? batch.output : batch.failed;
  into.push(resultLine(batch, line.custom_id, { response, error: null }));
}

function expireRest(batch: Batch, lines: readonly InputLine[]): void {
  const message = 'This request could not be executed before the completion window expired.';
  for (const { custom_id: id } of lines.slice(batch.output.length + batch.failed.length)) {
    batch.failed.push(
      resultLine(batch, id, { response: null, error: { code: 'batch_expired', message } }),
    );
  }
}

function resultLine(batch: Batch, customId: string, result: object): string {
  const count = batch.output.length + batch.failed.length;
  return JSON.stringify({ id: `batch_req_${batch.id}_${count}`, custom_id: customId, ...result });
}

/** Not in the order of the input: nobody may count on it. */
function store({ world, files }: BatchMeans, batch: Batch): void {
  const keep = (lines: readonly string[], name: string): string | null => {
    if (lines.length === 0) return null;
    const id = `file-${world.clock.uuid().replaceAll('-', '')}`;
    const text = lines
      .toReversed()
      .map((line) => `${line}\n`)
      .join('');
    const filename = `${batch.id}_${name}.jsonl`;
    const createdAt = batch.times.created_at ?? 0;
    files.add({ id, key: batch.key, purpose: 'batch_output', filename, text, createdAt });
    return id;
  };
  batch.outputFileId = keep(batch.output, 'output');
  batch.errorFileId = keep(batch.failed, 'error');
}
