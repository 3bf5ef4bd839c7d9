import type { ReasoningPart } from './chat.ts';

export interface ToolCall {
  id: string;
  type: 'function';
  /** `arguments` is the JSON text that the model wrote; it may be invalid JSON. */
  function: { name: string; arguments: string };
  /**
   * What the vendor wants back unchanged together with the tool's result; newer Gemini models refuse a conversation
   * without it.
   * @see https://ai.google.dev/gemini-api/docs/thought-signatures
   */
  extra_content?: { google: { thought_signature: string } };
}

/** Why the model stopped: Sluice's word and the vendor's own. */
export interface FinishReason {
  unified: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';
  raw: string;
}

/** One token of an answer and how likely it was, in OpenAI's form. */
export interface TokenLogprob {
  token: string;
  /** Natural logarithm. */
  logprob: number;
  /** The token's UTF-8; null where the vendor does not say. */
  bytes: number[] | null;
  /** The likeliest tokens in its place, where they were asked for. */
  top_logprobs: Omit<TokenLogprob, 'top_logprobs'>[];
}

/** How likely the tokens of an answer were: of its text, and of a refusal. */
export interface Logprobs {
  content?: TokenLogprob[];
  refusal?: TokenLogprob[];
}

/**
 * Where a part of an answer comes from. Indices count UTF-16 units of the answer's text; the end is not part of it. What a
 * vendor says of a document that it was given is a `document_citation`.
 */
export type Annotation =
  | {
      type: 'url_citation';
      url_citation: {
        url: string;
        title?: string | undefined;
        start_index?: number | undefined;
        end_index?: number | undefined;
      };
    }
  | {
      type: 'document_citation';
      document_citation: {
        document_index?: number | undefined;
        document_title?: string | undefined;
        cited_text?: string | undefined;
        start_index?: number | undefined;
        end_index?: number | undefined;
      };
    };

/** A spoken answer. */
export interface SpokenAudio {
  /** By which OpenAI knows it in the next request, until `expires_at` (Unix seconds). */
  id?: string;
  expires_at?: number;
  /** Base64. */
  data: string;
  /** What is said; empty or absent where the vendor writes nothing down. */
  transcript?: string;
  /** A media type, where the vendor says it: `audio/L16;rate=24000`. Otherwise it is in the format that was asked for. */
  format?: string;
}

/** An image of an answer, in the form in which it can be sent back. */
export interface AnswerImage {
  type: 'image_url';
  /** A `data:` URL, or an address at the vendor. */
  image_url: { url: string };
}

/** One answer of a model. */
export interface ChatAnswer {
  message: {
    role: 'assistant';
    content: string | null;
    reasoning?: string;
    reasoning_parts?: ReasoningPart[];
    refusal?: string;
    tool_calls?: ToolCall[];
    audio?: SpokenAudio;
    images?: AnswerImage[];
    annotations?: Annotation[];
  };
  finish_reason: FinishReason;
  logprobs?: Logprobs;
}

/** The result of a chat job: the answer, and where `n` asked for several the others in their order. */
export interface ChatResult extends ChatAnswer {
  type: 'chat';
  /** The upstream's name of the model that answered, where it says so. */
  model?: string;
  /** How the upstream has served the call, in its own word. */
  service_tier?: string;
  alternatives?: ChatAnswer[];
}

/** All answers of a result, in the order of their index. */
export function answersOf(result: ChatResult): ChatAnswer[] {
  return [result, ...(result.alternatives ?? [])];
}

/** Whether an answer says anything: a text, a refusal, calls, sound or images. Thoughts are no answer. */
export function saysSomething({ message }: ChatAnswer): boolean {
  const { content, refusal, tool_calls: calls, audio, images } = message;
  return Boolean(content || refusal || calls || audio || images);
}
