import { z } from 'zod';

/**
 * What to embed: a text, texts, a text as tokens, or texts as tokens. Token arrays have the numbers of the model's own
 * tokenizer. An array holds one kind of them only.
 */
export type EmbeddingTexts = string | string[] | number[] | number[][];

/** One own check and not a union: zod would report every number of a long array once for each option that it is not. */
const texts = z.custom<EmbeddingTexts>().superRefine((value, context) => {
  const problem = findProblem(value);
  if (problem) context.addIssue({ code: 'custom', ...problem });
});

/**
 * The `input` of an embedding job: OpenAI's embeddings request without `model` and `user`, which the job has.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export const embeddingInput = z.strictObject({
  input: texts,
  dimensions: z.int().min(1).max(65_536).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
});
export type EmbeddingInput = z.infer<typeof embeddingInput>;

/** The result of an embedding job. */
export interface EmbeddingResult {
  type: 'embedding';
  /** The upstream's name of the model that answered. */
  model: string;
  /** One for each input, in input order. */
  data: Embedding[];
}

export interface Embedding {
  /** Place of the input. */
  index: number;
  /** Numbers, or as `encoding_format` asks, base64 of little-endian float32. */
  embedding: number[] | string;
}

/** What was given as a list of texts, each a text or its tokens. */
export function listEmbeddingTexts(input: EmbeddingTexts): (string | number[])[] {
  if (typeof input === 'string') return [input];
  // Validated: an array of numbers holds nothing else.
  return isNumberArray(input) ? [input] : input;
}

function isNumberArray(input: string[] | number[] | number[][]): input is number[] {
  return typeof input[0] === 'number';
}

interface Problem {
  path: number[];
  message: string;
}

/** The first entry that is wrong. */
function findProblem(value: unknown): Problem | undefined {
  if (typeof value === 'string') return value === '' ? wrong([], 'must not be empty') : undefined;
  if (!Array.isArray(value)) {
    return wrong([], 'must be a string, an array of strings, or an array or arrays of tokens');
  }
  const [first]: unknown[] = value;
  if (typeof first === 'string')
    return findWrong(value, isText, 'must be a text that is not empty');
  if (Array.isArray(first)) return findWrongTokens(value);
  return findTokenProblem(value, []);
}

function findWrongTokens(lists: unknown[]): Problem | undefined {
  for (const [index, list] of lists.entries()) {
    const problem = Array.isArray(list)
      ? findTokenProblem(list, [index])
      : wrong([index], 'must be an array of tokens, as the first entry is');
    if (problem) return problem;
  }
  return undefined;
}

function findTokenProblem(tokens: unknown[], path: number[]): Problem | undefined {
  if (tokens.length === 0) return wrong(path, 'must have at least 1 entry');
  const problem = findWrong(tokens, isToken, 'must be a token: a whole number from 0');
  return problem && wrong([...path, ...problem.path], problem.message);
}

function findWrong(
  values: unknown[],
  isRight: (value: unknown) => boolean,
  message: string,
): Problem | undefined {
  const index = values.findIndex((value) => !isRight(value));
  return index === -1 ? undefined : wrong([index], message);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isToken(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function wrong(path: number[], message: string): Problem {
  return { path, message };
}
