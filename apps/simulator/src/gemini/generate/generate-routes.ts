import { costUsd } from '../../models/catalogue.ts';
import type { Behaviour } from '../../behaviour/behaviour-book.ts';
import { answerStream } from '../../server/answer-stream.ts';
import { answerWhole } from '../../server/answer-whole.ts';
import type { Call, Reply } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { World } from '../../world.ts';
import { JSON_TYPE } from '../errors.ts';
import { composeCandidate } from './compose-candidate.ts';
import type { Candidate } from './compose-candidate.ts';
import { describeBlockedPrompt, describeCandidate, describeResponse } from './describe-response.ts';
import { readGenerateRequest } from './read-generate-request.ts';
import type { GenerateRequest } from './read-generate-request.ts';
import { streamPieces } from './stream-pieces.ts';

/**
 * `:generateContent` and `:streamGenerateContent`. Only input tokens are charged to the token windows.
 * @see https://ai.google.dev/api/generate-content
 */
export function createGenerateRoutes(world: World, version: string): Route[] {
  const route = (verb: string, answer: Answer): Route => ({
    method: 'POST',
    path: `/${version}/models/:model:${verb}`,
    kind: 'chat',
    paid: true,
    prepare: (call) => prepare(world, call, answer),
  });
  return [route('generateContent', WHOLE), route('streamGenerateContent', STREAMED)];
}

type Plan = {
  call: Call;
  request: GenerateRequest;
  candidates: Candidate[];
  behaviour: Behaviour;
  outputTokens: number;
  /** Of the prompt, read from the vendor's cache. */
  cachedTokens: number;
};

type Answer = {
  /** Whether what a call asks for is an event stream. */
  isStream(call: Call): boolean;
  send(plan: Plan, exchange: Parameters<PreparedCall['answer']>[0]): Promise<void>;
};

const WHOLE: Answer = {
  isStream: () => false,
  send: (plan, exchange) =>
    answerWhole(exchange, { ...plan, usage: bookWith(plan), reply: () => replyWith(plan) }),
};

const STREAMED: Answer = {
  isStream: asksForEvents,
  send: (plan, exchange) => {
    const sse = asksForEvents(plan.call);
    const { chunks } = plan.behaviour.settings;
    return answerStream(exchange, {
      ...plan,
      pieces: streamPieces({ ...plan, chunks, sse }),
      usage: bookWith(plan),
      ...(!sse && { contentType: JSON_TYPE }),
    });
  },
};

function asksForEvents({ query }: Call): boolean {
  return query.get('alt') === 'sse';
}

function prepare(world: World, call: Call, answer: Answer): PreparedCall | Refusal {
  const request = readGenerateRequest(call);
  if ('status' in request) return { refusal: request };
  return {
    model: request.modelId,
    stream: answer.isStream(call),
    reservedTokens: request.promptTokens,
    answer: (exchange) => {
      const behaviour = world.behaviour.for(call.key);
      const candidate = composeCandidate(request, behaviour.settings.reply);
      const count = request.blocked === 'prompt' ? 0 : request.candidates;
      const candidates = Array.from({ length: count }, () => candidate);
      const outputTokens = count * (candidate.tokens + candidate.thoughtsTokens);
      const cachedTokens = readPrefix(world, call, request);
      const plan = { call, request, candidates, behaviour, outputTokens, cachedTokens };
      return answer.send(plan, exchange);
    },
  };
}

/** Gemini caches by itself, too. */
function readPrefix({ prefixes }: World, { key }: Call, request: GenerateRequest): number {
  const { modelId, ask, promptTokens } = request;
  const said = ask.messages.map(({ role, text }) => `${role}: ${text}`).join('\n');
  return Math.min(prefixes.read(`gemini ${key} ${modelId}`, said), promptTokens);
}

function bookWith({ request: { model, promptTokens }, cachedTokens }: Plan) {
  return (outputTokens: number) => ({
    inputTokens: promptTokens,
    outputTokens,
    costUsd: costUsd(model, promptTokens, outputTokens, cachedTokens),
  });
}

function replyWith({ call, request, candidates, cachedTokens }: Plan): Reply {
  const sum = (count: (candidate: Candidate) => number): number =>
    candidates.reduce((total, candidate) => total + count(candidate), 0);
  const counts = {
    candidatesTokens: sum(({ tokens }) => tokens),
    thoughtsTokens: sum(({ thoughtsTokens }) => thoughtsTokens),
    cachedTokens,
  };
  const described = candidates.map((each, index) => describeCandidate(request, each, index));
  const body =
    request.blocked === 'prompt'
      ? describeBlockedPrompt(call, request)
      : describeResponse(call, request, { candidates: described, counts });
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(body) };
}
