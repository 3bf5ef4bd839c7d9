import type { Call } from '../../server/call.ts';
import type { Candidate } from './compose-candidate.ts';
import type { GenerateRequest } from './read-generate-request.ts';

/** What a thinking model signs its thoughts with, as base64. Its meaning is its own. */
const SIGNATURE = Buffer.from('thoughts of the simulator').toString('base64');
const SAFE = ['HARASSMENT', 'HATE_SPEECH', 'SEXUALLY_EXPLICIT', 'DANGEROUS_CONTENT'];

/** Tokens counted so far. */
export type Counts = { candidatesTokens: number; thoughtsTokens: number; cachedTokens: number };

/** A part of a candidate's content. */
export type Part = Record<string, unknown>;

/** A GenerateContentResponse around some candidates; in a stream the counts grow from one to the next. */
export function describeResponse(
  call: Call,
  request: GenerateRequest,
  { candidates, counts }: { candidates: object[]; counts: Counts },
): object {
  return {
    candidates,
    usageMetadata: describeUsage(request.promptTokens, counts),
    modelVersion: request.modelId,
    responseId: call.requestId.slice(4),
  };
}

/** The response to a blocked prompt: it has no candidates. */
export function describeBlockedPrompt(call: Call, request: GenerateRequest): object {
  return {
    promptFeedback: { blockReason: 'SAFETY', safetyRatings: rateSafety(true) },
    usageMetadata: describeUsage(request.promptTokens, NOTHING),
    modelVersion: request.modelId,
    responseId: call.requestId.slice(4),
  };
}

const NOTHING: Counts = { candidatesTokens: 0, thoughtsTokens: 0, cachedTokens: 0 };

/** Counts of 0 are left out. */
function describeUsage(
  promptTokens: number,
  { candidatesTokens, thoughtsTokens, cachedTokens }: Counts,
): Record<string, unknown> {
  return {
    promptTokenCount: promptTokens,
    ...(cachedTokens > 0 && { cachedContentTokenCount: cachedTokens }),
    ...(candidatesTokens > 0 && { candidatesTokenCount: candidatesTokens }),
    totalTokenCount: promptTokens + candidatesTokens + thoughtsTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokens }],
    ...(thoughtsTokens > 0 && { thoughtsTokenCount: thoughtsTokens }),
  };
}

/** A whole candidate. */
export function describeCandidate(
  request: GenerateRequest,
  candidate: Candidate,
  index: number,
): object {
  if (candidate.finishReason === 'SAFETY') return { ...describeFinish(candidate), index };
  const parts = [
    ...(request.thinking?.includeThoughts === true ? [thoughtPart(candidate.thoughts)] : []),
    ...callParts(request, candidate),
    ...(candidate.text === '' ? [] : [signed(request, { text: candidate.text })]),
  ];
  return { ...describeContent(parts), ...describeFinish(candidate), index };
}

/** The content of a candidate; one without text has no parts. */
export function describeContent(parts: Part[]): object {
  return { content: { ...(parts.length > 0 && { parts }), role: 'model' } };
}

/** Why a candidate ended; a blocked one has no content beside it. */
export function describeFinish({ finishReason }: Candidate): object {
  if (finishReason !== 'SAFETY') return { finishReason };
  return { finishReason, safetyRatings: rateSafety(true) };
}

/** A summary of thoughts. */
export function thoughtPart(text: string): Part {
  return { text, thought: true };
}

/** The function calls, without ids, the first signed when the model thinks. */
export function callParts(request: GenerateRequest, { toolCalls }: Candidate): Part[] {
  return toolCalls.map(({ name, arguments: json }, index) => {
    const part = { functionCall: { name, args: JSON.parse(json) as unknown } };
    return index === 0 ? signed(request, part) : part;
  });
}

/** A part with the signature of a thinking model. */
export function signed({ thinking }: GenerateRequest, part: Part): Part {
  return thinking === undefined ? part : { ...part, thoughtSignature: SIGNATURE };
}

function rateSafety(blocked: boolean): object[] {
  return SAFE.map((name) => {
    const category = `HARM_CATEGORY_${name}`;
    if (!blocked || name !== 'DANGEROUS_CONTENT') return { category, probability: 'NEGLIGIBLE' };
    return { category, probability: 'HIGH', blocked };
  });
}
