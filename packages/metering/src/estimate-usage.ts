import {
  listEmbeddingTexts,
  textOfDocument,
  type ChatInput,
  type ChatMessage,
  type ChatResult,
  type EmbeddingInput,
  type RerankInput,
  type Usage,
} from '@sluice/contracts';

import { countTokens } from './count-tokens.ts';

/** OpenAI's frame around a chat: around the reply, each message and each name. Checked against gpt-tokenizer's encodeChat. */
const perReply = 3;
const perMessage = 3;
const perName = 1;
/** Around the definitions of tools, which count as about the JSON they are written in. */
const perToolList = 12;
/** An image, sound or file. Vendors count it by what is in it, which Sluice does not look at. */
const perAttachment = 1_000;

type Options = { signal?: AbortSignal | undefined };

/**
 * Tokens from a body's size, without looking at it: one for four bytes. Prose in English and program text have about 4
 * bytes a token, Chinese 5, Russian 9, JSON full of numbers 2.5; it is meant for reservations that are settled later.
 */
export function estimateTokensFromBytes(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** What an upstream that reports no usage has probably counted; see {@link countTokens} for how near that is. */
export async function estimateUsage(
  input: ChatInput,
  result: ChatResult,
  options: Options = {},
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
  options: Options = {},
): Promise<Usage> {
  let tokens = 0;
  for (const text of listEmbeddingTexts(input)) {
    tokens += typeof text === 'string' ? await countTokens(text, options) : text.length;
  }
  return inputOnly(tokens);
}

/** The same for a ranking: the query is read with each document. */
export async function estimateRerankUsage(
  { query, documents }: RerankInput,
  options: Options = {},
): Promise<Usage> {
  let tokens = documents.length * (await countTokens(query, options));
  for (const document of documents) tokens += await countTokens(textOfDocument(document), options);
  return inputOnly(tokens);
}

function inputOnly(tokens: number): Usage {
  return { input_tokens: tokens, output_tokens: 0, total_tokens: tokens, source: 'estimate' };
}

/** Tokens of everything that goes in: messages with their attachments, tools and the schema of the reply. */
export async function estimateInputTokens(
  input: ChatInput,
  options: Options = {},
): Promise<number> {
  let tokens = await countInputText(input, options);
  for (const { content } of input.messages)
    tokens += readContent(content).attachments * perAttachment;
  return tokens;
}

/** The same without attachments, of which only the vendor knows what they count for. */
export async function countInputText(input: ChatInput, options: Options = {}): Promise<number> {
  let tokens = perReply;
  for (const message of input.messages) tokens += await countMessage(message, options);
  if (input.tools) tokens += perToolList + (await countJson(input.tools, options));
  if (input.response_format?.type === 'json_schema') {
    tokens += await countJson(input.response_format.json_schema, options);
  }
  return tokens;
}

async function countMessage(message: ChatMessage, options: Options): Promise<number> {
  const { texts } = readContent(message.content);
  let tokens = perMessage;
  for (const text of [message.role, ...texts]) tokens += await countTokens(text, options);
  if ('name' in message && message.name !== undefined) {
    tokens += perName + (await countTokens(message.name, options));
  }
  if (message.role === 'assistant' && message.tool_calls) {
    tokens += await countJson(
      message.tool_calls.map((call) => call.function),
      options,
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

async function estimateOutputTokens(result: ChatResult, options: Options): Promise<number> {
  const { content, reasoning, refusal, tool_calls: calls } = result.message;
  let tokens = 0;
  for (const text of [reasoning, content, refusal])
    tokens += await countTokens(text ?? '', options);
  if (calls)
    tokens += await countJson(
      calls.map((call) => call.function),
      options,
    );
  return tokens;
}

async function countJson(value: unknown, options: Options): Promise<number> {
  return await countTokens(JSON.stringify(value), options);
}
