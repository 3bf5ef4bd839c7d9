import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import { invalidParameter, openAiError } from '../errors.ts';

const MAX_DOCUMENTS = 1000;

/** A valid request. */
export type RerankRequest = {
  modelId: string;
  model: Model;
  query: string;
  documents: string[];
  /** How many results to give, at most. */
  topN: number;
  returnDocuments: boolean;
  tokens: number;
};

/**
 * Checks a body. A document is a text or `{text}`.
 * @see https://docs.cohere.com/reference/rerank
 */
export function readRerankRequest(json: unknown): RerankRequest | Reply {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return openAiError(400, { message: 'We could not parse the JSON body of your request.' });
  }
  const body = json as Record<string, unknown>;
  const { model: id, query, top_n: topN } = body;
  const model = typeof id === 'string' ? findModel(id) : undefined;
  if (typeof id !== 'string' || model?.type !== 'rerank') return unknownModel(id);
  if (typeof query !== 'string' || query === '') {
    return invalidParameter("Invalid 'query': expected a string that is not empty.", 'query');
  }
  const documents = readDocuments(body.documents);
  if ('status' in documents) return documents;
  if (topN !== undefined && topN !== null && !isCount(topN)) {
    return invalidParameter("Invalid 'top_n': expected an integer of at least 1.", 'top_n');
  }
  const { list } = documents;
  const characters = list.reduce((sum, text) => sum + query.length + text.length, 0);
  return {
    modelId: id,
    model,
    query,
    documents: list,
    topN: isCount(topN) ? topN : list.length,
    returnDocuments: body.return_documents === true,
    tokens: countTokens(characters),
  };
}

function unknownModel(id: unknown): Reply {
  if (typeof id !== 'string' || id === '') {
    return openAiError(400, { message: 'you must provide a model parameter' });
  }
  const message = `The model \`${id}\` does not exist or you do not have access to it.`;
  return openAiError(404, { message, code: 'model_not_found' });
}

function readDocuments(documents: unknown): { list: string[] } | Reply {
  if (!Array.isArray(documents) || documents.length === 0 || documents.length > MAX_DOCUMENTS) {
    const message = `Invalid 'documents': expected an array of 1 to ${MAX_DOCUMENTS} documents.`;
    return invalidParameter(message, 'documents');
  }
  const list = documents.map(readDocument);
  if (list.every((text) => text !== undefined)) return { list };
  const index = list.indexOf(undefined);
  const message = `Invalid 'documents[${index}]': expected a string, or an object with 'text'.`;
  return invalidParameter(message, `documents[${index}]`);
}

function readDocument(document: unknown): string | undefined {
  if (typeof document === 'string') return document;
  if (typeof document !== 'object' || document === null || !('text' in document)) return undefined;
  return typeof document.text === 'string' ? document.text : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}
