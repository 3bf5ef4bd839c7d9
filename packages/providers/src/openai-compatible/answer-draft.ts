import {
  SluiceError,
  type Annotation,
  type AnswerDelta,
  type AnswerImage,
  type ChatAnswer,
  type Logprobs,
} from '@sluice/contracts';

import { SoundAssembly } from '../chat/sound-assembly.ts';
import type { ChatChoice, ChatDelta } from './chat-chunk.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { contentOf, reasoningOf } from './read-text.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';

/** Reasons with which a server says that it gave up, not that the model stopped: DeepSeek, vLLM, OpenRouter. */
const givenUp: Record<string, 'upstream_overloaded' | 'upstream_error'> = {
  insufficient_system_resource: 'upstream_overloaded',
  abort: 'upstream_error',
  error: 'upstream_error',
};

/** One choice of a chat completion in the making. */
export class AnswerDraft {
  readonly #tell: (delta: AnswerDelta) => void;
  readonly #toolCalls = new ToolCallAssembly();
  readonly #sound = new SoundAssembly();
  #content: string | undefined;
  #reasoning: string | undefined;
  #refusal: string | undefined;
  readonly #images: AnswerImage[] = [];
  readonly #annotations: Annotation[] = [];
  readonly #logprobs: Logprobs = {};
  #finishReason: string | undefined;

  /** `tell` is told what each piece adds. */
  constructor(tell: (delta: AnswerDelta) => void) {
    this.#tell = tell;
  }

  /** The server has said why the model stopped. */
  get isWhole(): boolean {
    return this.#finishReason !== undefined;
  }

  add({ delta, message, finish_reason: reason, logprobs }: ChatChoice): void {
    if (reason) this.#finishReason = reason;
    const told: AnswerDelta = {};
    this.#addDelta(delta ?? message ?? {}, told);
    if (logprobs) this.#addLogprobs(logprobs, told);
    if (Object.keys(told).length > 0) this.#tell(told);
  }

  /** Throws `upstream_overloaded` or `upstream_error` where the server gave up; `name` is who. */
  finish(name: string): ChatAnswer {
    const reason = this.#finishReason;
    const failure = givenUp[reason ?? ''];
    if (failure) {
      const message = `${name} gave up inside the reply (${reason})`;
      throw new SluiceError(failure, message, { upstreamCode: reason });
    }
    const rest = this.#sound.flush();
    if (rest) this.#tell({ audio: rest });
    const toolCalls = this.#toolCalls.finish();
    const audio = this.#sound.finish();
    const hasOther = toolCalls.length > 0 || audio !== undefined || this.#images.length > 0;
    return {
      message: {
        role: 'assistant',
        content: this.#content || (hasOther ? null : (this.#content ?? null)),
        ...(this.#reasoning && { reasoning: this.#reasoning }),
        ...(this.#refusal && { refusal: this.#refusal }),
        ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
        ...(audio && { audio }),
        ...(this.#images.length > 0 && { images: this.#images }),
        ...(this.#annotations.length > 0 && { annotations: this.#annotations }),
      },
      finish_reason: mapFinishReason(reason, toolCalls.length > 0),
      ...(Object.keys(this.#logprobs).length > 0 && { logprobs: this.#logprobs }),
    };
  }

  /** Adds a piece to the answer, and to `told` what it adds. Runs for every piece of every answer: it makes no object in vain. */
  #addDelta(delta: ChatDelta, told: AnswerDelta): void {
    const content = contentOf(delta);
    if (content !== undefined) this.#content = (this.#content ?? '') + content;
    if (content) told.content = content;
    const reasoning = reasoningOf(delta);
    if (reasoning !== undefined) this.#reasoning = (this.#reasoning ?? '') + reasoning;
    if (reasoning) told.reasoning = reasoning;
    if (delta.refusal) told.refusal = delta.refusal;
    if (typeof delta.refusal === 'string') this.#refusal = (this.#refusal ?? '') + delta.refusal;
    if (delta.tool_calls?.length) {
      told.tool_calls = delta.tool_calls.map((toolCall) => this.#toolCalls.add(toolCall));
    }
    if (delta.audio || delta.images || delta.annotations) this.#addMedia(delta, told);
  }

  #addMedia({ audio: sound, images, annotations }: ChatDelta, told: AnswerDelta): void {
    const audio = sound ? this.#sound.add(withoutNulls(sound)) : {};
    if (Object.keys(audio).length > 0) told.audio = audio;
    if (images) this.#images.push(...images);
    if (images?.length) told.images = images;
    if (annotations) this.#annotations.push(...annotations);
    if (annotations?.length) told.annotations = annotations;
  }

  #addLogprobs(given: NonNullable<ChatChoice['logprobs']>, told: AnswerDelta): void {
    for (const name of ['content', 'refusal'] as const) {
      const tokens = given[name] ?? [];
      if (tokens.length === 0) continue;
      told.logprobs = { ...told.logprobs, [name]: tokens };
      this.#logprobs[name] = [...(this.#logprobs[name] ?? []), ...tokens];
    }
  }
}

function withoutNulls<Fields extends object>(
  fields: Fields,
): {
  [Name in keyof Fields]: NonNullable<Fields[Name]>;
} {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  // The same fields but for those that are null.
  return Object.fromEntries(given) as { [Name in keyof Fields]: NonNullable<Fields[Name]> };
}
