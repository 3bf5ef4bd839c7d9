import { childRequest, parseLine, type Line } from '@sluice/batches';
import { SluiceError, type JobRequest } from '@sluice/contracts';
import { roughTokens } from '@sluice/metering';

import { answerUnplaced, endUnplaced } from '../../cache/answer-unplaced.ts';
import { startOf } from '../start-of.ts';
import { ticketOf } from '../ticket-of.ts';
import {
  inputFileOf,
  lineOptions,
  linesOf,
  type FileBatch,
  type FileBatchDeps,
} from './file-batch.ts';
import { forgetRest, loseLine } from './write-off.ts';

/** Lines that are sent to Redis without waiting for replies. */
const linesAtOnce = 100;

interface Fed {
  request: JobRequest;
  /** Place in the file behind the line. */
  end: number;
}

/**
 * Makes lines jobs, in their order, until as many are in the lanes as the window allows. It begins when half of the window is free: so a
 * part of the file is read for hundreds of lines and not for each. Returns whether any became one.
 */
export async function feedLines(batch: FileBatch, deps: FileBatchDeps): Promise<boolean> {
  const { fed, cursor, drained } = batch.fileBatch;
  const { total, ended } = batch.progress;
  const { window } = deps.config.batches;
  if (fed >= total || fed - ended > window / 2) return false;
  const room = Math.min(total - fed, window - (fed - drained));
  if (room <= 0) return false;
  const file = await inputFileOf(batch, deps);
  if (!file) return await forgetRest(batch, deps);
  let index = fed;
  let chunk: Fed[] = [];
  for await (const line of linesOf(file, cursor, deps)) {
    const request = childOf(batch, line, index, deps);
    if (request instanceof SluiceError) {
      // Its model or app has left the configuration since the file was checked. What comes before it is fed first.
      const isFed = await feed(chunk, deps);
      return isFed ? await loseLine(batch, { line, index, error: request }, deps) : false;
    }
    chunk.push({ request, end: line.end });
    index += 1;
    const isLast = index - fed >= room;
    if (chunk.length < linesAtOnce && !isLast) continue;
    if (!(await feed(chunk, deps)) || isLast) return true;
    chunk = [];
  }
  await feed(chunk, deps);
  return true;
}

function childOf(
  batch: FileBatch,
  line: Line,
  index: number,
  deps: FileBatchDeps,
): JobRequest | SluiceError {
  try {
    const { request, customId, endpoint, response } = parseLine(line, lineOptions(batch, deps));
    const place = { index, customId, endpoint, response, createdAtMs: deps.clock.now() };
    const child = childRequest(batch, request, place, (made, fallback) =>
      startOf(made, fallback, deps),
    );
    return { ...child, tokens: roughTokens(child.input) };
  } catch (thrown) {
    return SluiceError.from(thrown);
  }
}

/**
 * `false` where nothing more goes in now: the batch is over, its tenant has enough, or another worker feeds it too. A line that
 * the cache answers gets no ticket: it has ended as soon as it is a job.
 */
async function feed(chunk: readonly Fed[], deps: FileBatchDeps): Promise<boolean> {
  const { records, lanes } = deps;
  const endings = await Promise.all(chunk.map(({ request }) => answerUnplaced(request, deps)));
  const replies = await Promise.all(
    chunk.map(({ request, end }, i) => {
      const ticket = endings[i] ? undefined : lanes.placement(ticketOf(request));
      return records.feedChild(request, { cursor: end, ticket });
    }),
  );
  const isIn = replies.map((reply) => reply === 'fed' || reply === 'known');
  await Promise.all(
    chunk.map(async ({ request }, i) => {
      const ending = endings[i];
      if (ending && isIn[i]) await endUnplaced(request, ending, deps);
    }),
  );
  return isIn.every(Boolean);
}
