import { toWords } from '../embeddings/embed.ts';

/** How well a document answers, from 0 to 1. */
export type Score = { index: number; relevance: number };

/**
 * Scores documents by the words they share with the query (shared words over all words), best first;
 * equal ones keep their order.
 */
export function scoreDocuments(query: string, documents: readonly string[]): Score[] {
  const asked = new Set(toWords(query));
  return documents
    .map((document, index) => ({ index, relevance: overlap(asked, new Set(toWords(document))) }))
    .sort((a, b) => b.relevance - a.relevance);
}

function overlap(a: Set<string>, b: Set<string>): number {
  const shared = [...a].filter((word) => b.has(word)).length;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
