import type {
  Annotation,
  AnswerDelta,
  AnswerImage,
  ChatAnswer,
  Logprobs,
  ToolCall,
} from '@sluice/contracts';

import { SoundAssembly } from '../chat/sound-assembly.ts';
import type { Candidate, LogprobsResult, ResponsePart } from './generate-content-response.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readCitations } from './read-citations.ts';

/** One candidate in the making. */
export class CandidateDraft {
  readonly #tell: (delta: AnswerDelta) => void;
  readonly #toolCalls: ToolCall[] = [];
  readonly #sound = new SoundAssembly();
  readonly #images: AnswerImage[] = [];
  readonly #logprobs: NonNullable<Logprobs['content']> = [];
  #content: string | undefined;
  #reasoning = '';
  #textSignature: string | undefined;
  #sources: Pick<Candidate, 'citationMetadata' | 'groundingMetadata'> = {};
  finishReason: string | undefined;
  finishMessage: string | undefined;

  /** `tell` is told what each piece adds. */
  constructor(tell: (delta: AnswerDelta) => void) {
    this.#tell = tell;
  }

  /** `responseId` names the calls that Gemini gives no id. */
  add(candidate: Candidate, responseId: string | undefined): void {
    const { finishReason, finishMessage, citationMetadata, groundingMetadata } = candidate;
    if (finishReason) this.finishReason = finishReason;
    if (finishMessage) this.finishMessage = finishMessage;
    // Each is the whole of what is known so far.
    this.#sources = {
      citationMetadata: citationMetadata ?? this.#sources.citationMetadata,
      groundingMetadata: groundingMetadata ?? this.#sources.groundingMetadata,
    };
    for (const part of candidate.content?.parts ?? []) this.#addPart(part, responseId);
    const tokens = tokensOf(candidate.logprobsResult);
    if (tokens.length === 0) return;
    this.#logprobs.push(...tokens);
    this.#tell({ logprobs: { content: tokens } });
  }

  /** Neither a text nor a call. */
  get isEmpty(): boolean {
    return !this.#content && this.#toolCalls.length === 0;
  }

  finish(): ChatAnswer {
    const rest = this.#sound.flush();
    if (rest) this.#tell({ audio: rest });
    const annotations = this.#annotations();
    const [audio, images, calls] = [this.#sound.finish(), this.#images, this.#toolCalls];
    const hasOther = calls.length > 0 || audio !== undefined || images.length > 0;
    return {
      message: {
        role: 'assistant',
        content: this.#content || (hasOther ? null : (this.#content ?? null)),
        ...(this.#reasoning !== '' && { reasoning: this.#reasoning }),
        ...(this.#textSignature !== undefined && {
          reasoning_parts: [{ type: 'thought_signature', signature: this.#textSignature }],
        }),
        ...(calls.length > 0 && { tool_calls: calls }),
        ...(audio && { audio }),
        ...(images.length > 0 && { images }),
        ...(annotations.length > 0 && { annotations }),
      },
      finish_reason: mapFinishReason(this.finishReason, calls.length > 0),
      ...(this.#logprobs.length > 0 && { logprobs: { content: this.#logprobs } }),
    };
  }

  /** They are told once, of the whole text: before its end their places are not certain. */
  #annotations(): Annotation[] {
    const annotations = readCitations(this.#content ?? '', this.#sources);
    if (annotations.length > 0) this.#tell({ annotations });
    return annotations;
  }

  #addPart(part: ResponsePart, responseId: string | undefined): void {
    if (part.functionCall) this.#addCall(part, responseId);
    if (part.inlineData) this.#addMedia(part.inlineData);
    const { text, thought, thoughtSignature } = part;
    if (thoughtSignature && !part.functionCall) this.#textSignature = thoughtSignature;
    if (typeof text !== 'string') return;
    if (thought) this.#reasoning += text;
    else this.#content = (this.#content ?? '') + text;
    if (text !== '') this.#tell(thought ? { reasoning: text } : { content: text });
  }

  #addCall({ functionCall, thoughtSignature }: ResponsePart, responseId: string | undefined): void {
    const place = this.#toolCalls.length;
    const fallback = ['call', responseId, place].filter((it) => it !== undefined).join('_');
    const toolCall: ToolCall = {
      id: functionCall?.id || fallback,
      type: 'function',
      function: {
        name: functionCall?.name ?? '',
        arguments: JSON.stringify(functionCall?.args ?? {}),
      },
      ...(thoughtSignature && {
        extra_content: { google: { thought_signature: thoughtSignature } },
      }),
    };
    this.#toolCalls.push(toolCall);
    this.#tell({ tool_calls: [{ index: place, ...toolCall }] });
  }

  #addMedia({ mimeType, data }: NonNullable<ResponsePart['inlineData']>): void {
    if (mimeType.startsWith('audio/')) {
      const isFirst = this.#sound.finish() === undefined;
      const audio = this.#sound.add({ ...(isFirst && { format: mimeType }), data });
      if (Object.keys(audio).length > 0) this.#tell({ audio });
      return;
    }
    const url = `data:${mimeType};base64,${data}`;
    const image: AnswerImage = { type: 'image_url', image_url: { url } };
    this.#images.push(image);
    this.#tell({ images: [image] });
  }
}

/** Gemini tells the token that it chose, and in the same place of another list the likeliest ones. */
function tokensOf(result: LogprobsResult | null | undefined): NonNullable<Logprobs['content']> {
  return (result?.chosenCandidates ?? []).map(({ token, logProbability: logprob }, at) => {
    const top = result?.topCandidates?.[at]?.candidates ?? [];
    return {
      token,
      logprob,
      bytes: [...Buffer.from(token)],
      top_logprobs: top.map(({ token: other, logProbability }) => {
        return { token: other, logprob: logProbability, bytes: [...Buffer.from(other)] };
      }),
    };
  });
}
