import { z } from 'zod';

const count = z.number().nullish().catch(undefined);

const part = z.object({
  text: z.string().nullish(),
  /** The text is a thought, not the answer. */
  thought: z.boolean().nullish(),
  thoughtSignature: z.string().nullish(),
  functionCall: z
    .object({
      id: z.string().nullish(),
      name: z.string().nullish(),
      args: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
  /** An image or sound. */
  inlineData: z.object({ mimeType: z.string(), data: z.string() }).nullish().catch(undefined),
});
export type ResponsePart = z.infer<typeof part>;

const token = z.object({ token: z.string(), logProbability: z.number() });
const logprobs = z.object({
  chosenCandidates: z.array(token).nullish(),
  topCandidates: z.array(z.object({ candidates: z.array(token).nullish() })).nullish(),
});
export type LogprobsResult = z.infer<typeof logprobs>;

const place = z.number().nullish();
/** The API writes `citationSources`, its client renames them. */
const sources = z
  .array(
    z.object({
      startIndex: place,
      endIndex: place,
      uri: z.string().nullish(),
      title: z.string().nullish(),
    }),
  )
  .nullish();
const citations = z.object({ citationSources: sources, citations: sources });
const grounding = z.object({
  groundingChunks: z
    .array(
      z.object({
        web: z.object({ uri: z.string().nullish(), title: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  groundingSupports: z
    .array(
      z.object({
        segment: z.object({ startIndex: place, endIndex: place }).nullish(),
        groundingChunkIndices: z.array(z.number()).nullish(),
      }),
    )
    .nullish(),
});

const candidate = z.object({
  index: z.number().nullish(),
  content: z.object({ parts: z.array(part).nullish() }).nullish(),
  finishReason: z.string().nullish(),
  finishMessage: z.string().nullish(),
  logprobsResult: logprobs.nullish().catch(undefined),
  citationMetadata: citations.nullish().catch(undefined),
  groundingMetadata: grounding.nullish().catch(undefined),
});
export type Candidate = z.infer<typeof candidate>;

const modalities = z
  .array(z.object({ modality: z.string().nullish(), tokenCount: count }))
  .nullish()
  .catch(undefined);

const usage = z.object({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  toolUsePromptTokenCount: count,
  totalTokenCount: count,
  promptTokensDetails: modalities,
  candidatesTokensDetails: modalities,
});
export type UsageMetadata = z.infer<typeof usage>;

/**
 * One piece of a streamed answer, or a whole one. Only what is used, and lenient.
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */
export const generateContentResponse = z.object({
  candidates: z.array(candidate).nullish(),
  promptFeedback: z
    .object({ blockReason: z.string().nullish(), blockReasonMessage: z.string().nullish() })
    .nullish(),
  usageMetadata: usage.nullish().catch(undefined),
  modelVersion: z.string().nullish().catch(undefined),
  responseId: z.string().nullish(),
});
export type GenerateContentResponse = z.infer<typeof generateContentResponse>;
