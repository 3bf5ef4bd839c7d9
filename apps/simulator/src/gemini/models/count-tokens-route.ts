import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { measureMessages } from '../../openai/chat/read-messages.ts';
import { invalidJson } from '../errors.ts';
import { readContents } from '../generate/read-contents.ts';
import { readGenerateBody } from '../generate/read-generate-request.ts';
import { findGeminiModel } from '../find-gemini-model.ts';
import { readRecord } from '../read-record.ts';
import { serve } from '../serve.ts';

/**
 * `:countTokens` of `contents`, or of a whole `generateContentRequest`.
 * @see https://ai.google.dev/api/tokens
 */
export function createCountTokensRoute(version: string): Route {
  return {
    method: 'POST',
    path: `/${version}/models/:model:countTokens`,
    kind: 'count-tokens',
    paid: false,
    prepare,
  };
}

function prepare(call: Call): PreparedCall | Refusal {
  const model = findGeminiModel(call, 'countTokens');
  if ('status' in model) return { refusal: model };
  const body = readRecord(call.json);
  if (body === undefined) return { refusal: invalidJson() };
  const whole = readRecord(body.generateContentRequest);
  const counted =
    whole === undefined ? countContents(body.contents) : readGenerateBody(whole, model);
  if ('status' in counted) return { refusal: counted };
  const { promptTokens } = counted;
  const promptTokensDetails = [{ modality: 'TEXT', tokenCount: promptTokens }];
  return serve({ totalTokens: promptTokens, promptTokensDetails });
}

function countContents(contents: unknown) {
  const read = readContents(contents);
  if ('status' in read) return read;
  return { promptTokens: measureMessages(read.turns, 0) };
}
