import type { Call, Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import { geminiError, invalidJson } from '../errors.ts';
import { readTurn } from '../generate/read-contents.ts';
import { readRecord, readRecords } from '../read-record.ts';

const MAX_REQUESTS = 100;
const DEFAULT_DIMENSIONS = 256;
const MAX_DIMENSIONS = 3072;

/** One text to embed. */
export type EmbedRequest = { text: string; tokens: number; dimensions: number };

/** Checks a request of one text; `place` names it in the error. */
export function readEmbedRequest(json: unknown, place: string): EmbedRequest | Reply {
  const body = readRecord(json);
  if (body === undefined) return invalidJson();
  const content = readRecord(body.content);
  if (content === undefined) return geminiError(400, `* ${place}.content: content is required\n`);
  const turn = readTurn(content, 'content');
  if ('status' in turn) return turn;
  const dimensions = body.outputDimensionality ?? DEFAULT_DIMENSIONS;
  if (typeof dimensions !== 'number' || !isDimensions(dimensions)) {
    const problem = `must be in the range [1, ${MAX_DIMENSIONS}]`;
    return geminiError(400, `* ${place}.output_dimensionality: ${problem}\n`);
  }
  return { text: turn.text, tokens: countTokens(turn.text.length), dimensions };
}

/** Checks `requests` of a batch; each names the model of the path. */
export function readEmbedBatch({ json, params }: Call): EmbedRequest[] | Reply {
  const requests = readRecords(readRecord(json)?.requests);
  if (requests === undefined || requests.length === 0) {
    return geminiError(400, '* BatchEmbedContentsRequest.requests: requests is required\n');
  }
  if (requests.length > MAX_REQUESTS) {
    const problem = `at most ${MAX_REQUESTS} requests can be in one batch`;
    return geminiError(400, `* BatchEmbedContentsRequest.requests: ${problem}\n`);
  }
  const list: EmbedRequest[] = [];
  for (const [index, request] of requests.entries()) {
    const place = `BatchEmbedContentsRequest.requests[${index}]`;
    if (request.model !== `models/${params.model}`) {
      const problem = 'model must be the model of the URL, as models/…';
      return geminiError(400, `* ${place}.model: ${problem}\n`);
    }
    const read = readEmbedRequest(request, place);
    if ('status' in read) return read;
    list.push(read);
  }
  return list;
}

function isDimensions(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_DIMENSIONS;
}
