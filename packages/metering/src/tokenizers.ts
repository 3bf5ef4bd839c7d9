import { rememberCounts } from './remember-counts.ts';

/** OpenAI's vocabularies: o200k since gpt-4o, cl100k before and for embeddings. */
export type Encoding = 'o200k_base' | 'cl100k_base';

/** Tokens of a piece. */
export type Tokenizer = (piece: string) => number;

/** Pieces whose counts are known, of each encoding: about 1 MB. */
const rememberedPieces = 10_000;

/** The loading of each, and what has loaded, in this thread. */
const loading = new Map<Encoding, Promise<void>>();
const loaded = new Map<Encoding, Tokenizer>();

/** What has loaded in this thread. */
export function loadedTokenizer(encoding: Encoding): Tokenizer | undefined {
  return loaded.get(encoding);
}

/** Loads the tables of an encoding in this thread, once: half a second of work in which nothing else runs in it, and 70 MB. */
export async function loadTokenizer(encoding: Encoding): Promise<void> {
  let done = loading.get(encoding);
  if (!done) loading.set(encoding, (done = importTokenizer(encoding)));
  await done;
}

async function importTokenizer(encoding: Encoding): Promise<void> {
  const { countTokens: count } =
    encoding === 'o200k_base'
      ? await import('gpt-tokenizer/encoding/o200k_base')
      : await import('gpt-tokenizer/encoding/cl100k_base');
  loaded.set(
    encoding,
    rememberCounts((piece) => count(piece, noSpecialTokens), rememberedPieces),
  );
}

const noSpecialTokens = { disallowedSpecial: new Set<string>() };
