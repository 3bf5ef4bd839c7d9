import type { Call } from '../../server/call.ts';
import type { StreamPiece } from '../../server/answer-stream.ts';
import { countTokens, splitText } from '../../text.ts';
import type { Candidate } from './compose-candidate.ts';
import {
  callParts,
  describeBlockedPrompt,
  describeContent,
  describeFinish,
  describeResponse,
  signed,
  thoughtPart,
} from './describe-response.ts';
import type { Counts, Part } from './describe-response.ts';
import type { GenerateRequest } from './read-generate-request.ts';

/** A request, its answer, and how a stream of it is cut and written. */
export type StreamPlan = {
  call: Call;
  request: GenerateRequest;
  candidates: Candidate[];
  chunks: number | undefined;
  cachedTokens: number;
  /** Whether as server-sent events; else as one JSON array. */
  sse: boolean;
};

/** The chunks of an answer, then what ends it: nothing for events, a bracket for an array. */
export function* streamPieces(plan: StreamPlan): Generator<StreamPiece> {
  let first = true;
  for (const { response, characters } of responses(plan)) {
    yield { event: frame(response, plan.sse, first), characters };
    first = false;
  }
  if (!plan.sse) yield { event: ']', characters: 0 };
}

/** Google ends its lines with CR LF. */
function frame(response: object, sse: boolean, first: boolean): string {
  const json = JSON.stringify(response);
  if (sse) return `data: ${json}\r\n\r\n`;
  return first ? `[${json}` : `,\r\n${json}`;
}

type Chunk = { response: object; characters: number };

function* responses(plan: StreamPlan): Generator<Chunk> {
  const { call, request } = plan;
  if (request.blocked === 'prompt') {
    return yield { response: describeBlockedPrompt(call, request), characters: 0 };
  }
  const { cachedTokens } = plan;
  const done: Counts = { candidatesTokens: 0, thoughtsTokens: 0, cachedTokens };
  for (const [index, candidate] of plan.candidates.entries()) {
    yield* candidateChunks(plan, { candidate, index, done });
    done.candidatesTokens += candidate.tokens;
    done.thoughtsTokens += candidate.thoughtsTokens;
  }
}

/** The parts of one candidate, a part a chunk, then its end; `done` counts the candidates before it. */
function* candidateChunks(
  { call, request, chunks }: StreamPlan,
  { candidate, index, done }: { candidate: Candidate; index: number; done: Counts },
): Generator<Chunk> {
  const thoughtsTokens = done.thoughtsTokens + candidate.thoughtsTokens;
  let characters = 0;
  for (const piece of parts(request, candidate, chunks)) {
    if (!piece.thought) characters += piece.characters;
    const tokens = Math.min(candidate.tokens, countTokens(characters));
    const candidatesTokens = done.candidatesTokens + tokens;
    const counts = { ...done, candidatesTokens, thoughtsTokens };
    const described = { ...describeContent([piece.part]), index };
    const response = describeResponse(call, request, { candidates: [described], counts });
    yield { response, characters: piece.characters };
  }
  const blocked = candidate.finishReason === 'SAFETY';
  const end = candidate.text === '' ? [] : [signed(request, { text: '' })];
  const content = blocked ? {} : describeContent(end);
  const last = { ...content, ...describeFinish(candidate), index };
  const candidatesTokens = done.candidatesTokens + candidate.tokens;
  const counts = { ...done, candidatesTokens, thoughtsTokens };
  yield {
    response: describeResponse(call, request, { candidates: [last], counts }),
    characters: 0,
  };
}

type StreamedPart = { part: Part; characters: number; thought: boolean };

function* parts(
  request: GenerateRequest,
  candidate: Candidate,
  chunks: number | undefined,
): Generator<StreamedPart> {
  if (request.thinking?.includeThoughts === true) {
    for (const text of splitText(candidate.thoughts, chunks)) {
      yield { part: thoughtPart(text), characters: text.length, thought: true };
    }
  }
  for (const [index, part] of callParts(request, candidate).entries()) {
    const call = candidate.toolCalls[index];
    const characters = (call?.name.length ?? 0) + (call?.arguments.length ?? 0);
    yield { part, characters, thought: false };
  }
  for (const text of splitText(candidate.text, chunks)) {
    yield { part: { text }, characters: text.length, thought: false };
  }
}
