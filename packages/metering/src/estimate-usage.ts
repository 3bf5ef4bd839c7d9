import {
  answersOf,
  listEmbeddingTexts,
  textOfDocument,
  type ChatAnswer,
  type ChatInput,
  type ChatMessage,
  type ChatResult,
  type EmbeddingInput,
  type RerankInput,
  type Usage,
} from '@sluice/contracts';

import { createTokenCounter, type TokenCounter } from './count-tokens.ts';
import { imageTokens } from './image-tokens.ts';
import { tokenRuleOf, type TokenRule } from './token-rule.ts';

/** OpenAI's frame around a chat: around the reply, each message and each name. Checked against gpt-tokenizer's encodeChat. */
const perReply = 3;
const perMessage = 3;
const perName = 1;
/** Around the definitions of tools, which count as about the JSON they are written in. */
const perToolList = 12;
/** A sound or file. Vendors count it by what is in it, which Sluice does not look at. */
const perAttachment = 1_000;

export interface EstimateOptions {
  /** The provider's kind and the upstream's name of the model: whose rule to count by; OpenAI's newest without them. */
  kind?: string;
  model?: string;
  signal?: AbortSignal | undefined;
}

/** One count of one input or result. */
interface Counting {
  counter: TokenCounter;
  rule: TokenRule;
}

function counting(options: EstimateOptions): Counting {
  const rule = tokenRule(options);
  const { signal } = options;
  return { rule, counter: createTokenCounter({ encoding: rule.encoding, signal }) };
}

function tokenRule({ kind = '', model = '' }: EstimateOptions): TokenRule {
  return tokenRuleOf(kind, model);
}

/**
 * Tokens from a body's size, without looking at it: one for four bytes. Prose in English and program text have about 4
 * bytes a token, Chinese 5, Russian 9, JSON full of numbers 2.5; it is meant for reservations that are settled later.
 */
export function estimateTokensFromBytes(bytes: number): number {
  return Math.ceil(bytes / 4);
}

interface OutputCaps {
  max_tokens?: number | undefined;
  max_completion_tokens?: number | undefined;
  n?: number | undefined;
}

/** The same for a job's whole input, and the most that may come back where the input says it. Any shape of input. */
export function roughTokens(input: object): number {
  const { max_tokens: most, max_completion_tokens: mostNow, n = 1 }: OutputCaps = input;
  const output = (mostNow ?? most ?? 0) * n;
  return estimateTokensFromBytes(JSON.stringify(input).length) + output;
}

/** What an upstream that reports no usage has probably counted; see {@link tokenRuleOf} for how near that is. */
export async function estimateUsage(
  input: ChatInput,
  result: ChatResult,
  options: EstimateOptions = {},
): Promise<Usage> {
  const inputTokens = await estimateInputTokens(input, options);
  const outputTokens = await estimateOutputTokens(result, options);
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    source: 'estimate',
  };
}

/** The same for embeddings, which have no output. */
export async function estimateEmbeddingUsage(
  { input }: EmbeddingInput,
  options: EstimateOptions = {},
): Promise<Usage> {
  const count = counting(options);
  let tokens = 0;
  for (const text of listEmbeddingTexts(input)) {
    tokens += typeof text === 'string' ? await count.counter.count(text) : text.length;
  }
  return inputOnly(Math.ceil(tokens * count.rule.factor));
}

/** The same for a ranking: the query is read with each document. */
export async function estimateRerankUsage(
  { query, documents }: RerankInput,
  options: EstimateOptions = {},
): Promise<Usage> {
  const { counter, rule } = counting(options);
  let tokens = documents.length * (await counter.count(query));
  for (const document of documents) tokens += await counter.count(textOfDocument(document));
  return inputOnly(Math.ceil(tokens * rule.factor));
}

function inputOnly(tokens: number): Usage {
  return { input_tokens: tokens, output_tokens: 0, total_tokens: tokens, source: 'estimate' };
}

/** Tokens of everything that goes in: messages with their attachments, tools and the schema of the reply. */
export async function estimateInputTokens(
  input: ChatInput,
  options: EstimateOptions = {},
): Promise<number> {
  const attachments = countAttachments(input, tokenRule(options).image);
  return (await countInputText(input, options)) + attachments;
}

/** The same without attachments, of which only the vendor knows what they count for. */
export async function countInputText(
  input: ChatInput,
  options: EstimateOptions = {},
): Promise<number> {
  const count = counting(options);
  let tokens = perReply;
  for (const message of input.messages) tokens += await countMessage(message, count);
  if (input.tools) tokens += perToolList + (await countJson(input.tools, count));
  if (input.response_format?.type === 'json_schema') {
    tokens += await countJson(input.response_format.json_schema, count);
  }
  return Math.ceil(tokens * count.rule.factor);
}

async function countMessage(message: ChatMessage, count: Counting): Promise<number> {
  let tokens = perMessage;
  for (const text of [message.role, ...readContent(message.content).texts])
    tokens += await count.counter.count(text);
  if ('name' in message && message.name !== undefined) {
    tokens += perName + (await count.counter.count(message.name));
  }
  if (message.role === 'assistant' && message.tool_calls) {
    tokens += await countJson(
      message.tool_calls.map((call) => call.function),
      count,
    );
  }
  return tokens;
}

/** The texts of a message and how many images, sounds and files are between them. */
export function readContent(content: ChatMessage['content']): {
  texts: string[];
  attachments: number;
} {
  if (content === null || content === undefined) return { texts: [], attachments: 0 };
  if (typeof content === 'string') return { texts: [content], attachments: 0 };
  const texts = content.filter((part) => part.type === 'text').map((part) => part.text);
  return { texts, attachments: content.length - texts.length };
}

/** What is not text, by the vendor's own rule and without the factor of its vocabulary. */
function countAttachments({ messages }: ChatInput, image: TokenRule['image']): number {
  let tokens = 0;
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content) {
      if (part.type === 'image_url') {
        tokens += imageTokens(part.image_url.url, part.image_url.detail ?? 'auto', image);
      } else if (part.type !== 'text') {
        tokens += perAttachment;
      }
    }
  }
  return tokens;
}

async function estimateOutputTokens(result: ChatResult, options: EstimateOptions): Promise<number> {
  const count = counting(options);
  let tokens = 0;
  for (const answer of answersOf(result)) tokens += await countAnswer(answer, count);
  return Math.ceil(tokens * count.rule.factor);
}

async function countAnswer({ message }: ChatAnswer, count: Counting): Promise<number> {
  const { content, reasoning, refusal, tool_calls: calls } = message;
  let tokens = 0;
  for (const text of [reasoning, content, refusal]) tokens += await count.counter.count(text ?? '');
  if (!calls) return tokens;
  const called = calls.map((call) => call.function);
  return tokens + (await countJson(called, count));
}

async function countJson(value: unknown, { counter }: Counting): Promise<number> {
  return await counter.count(JSON.stringify(value));
}
