import type { DocumentSubject } from '../conformance/document-subject.ts';
import {
  embed,
  embeddingReplyOf,
  base64Input,
  base64Vectors,
  vectors,
} from '../conformance/embeddings.ts';
import { serverSentEvents, type Subject } from '../conformance/subject.ts';

const base = { modelVersion: 'model-1', responseId: 'resp-1' };
const usage = {
  promptTokenCount: 11,
  cachedContentTokenCount: 4,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 18,
};
const answer = { role: 'model', parts: [{ text: 'Grüße aus 東京 🗼\n' }] };
const look = { functionCall: { id: 'call_a', name: 'look', args: {} }, thoughtSignature: 'Eg/+==' };
const say = { functionCall: { name: 'say', args: { t: 'é' } } };

function chunk(parts: object[], more: object = {}): string {
  const candidates = [{ content: { role: 'model', parts }, index: 0, ...more }];
  const counted = { promptTokenCount: 11, totalTokenCount: 11 };
  return event({ candidates, usageMetadata: counted, ...base });
}

function event(data: object): string {
  return serverSentEvents.frame(JSON.stringify(data));
}

const last = { candidates: [{ content: { parts: [say] }, finishReason: 'STOP', index: 0 }] };

const statusNames: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** A quota that is not back before tomorrow. */
const dailyQuota = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [
    {
      quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
      quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
      quotaValue: '250',
    },
  ],
};

/** Gemini has no codes of its own for these: it says them in the text, or not as an error. */
const unsayable = new Set(['context_length_exceeded', 'content_filter']);

/** Gemini's generateContent: a thought, text, two function calls in pieces, a running count. */
export const gemini: Subject = {
  kind: 'gemini',
  call: async (adapter, call) =>
    await adapter.chat?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: { messages: [{ role: 'user', content: 'grüß dich 👋' }], temperature: 0.5 },
    }),
  request: {
    method: 'POST',
    path: '/v1/v1beta/models/model-1:streamGenerateContent?alt=sse',
    headers: {},
    body: {
      contents: [{ role: 'user', parts: [{ text: 'grüß dich 👋' }] }],
      generationConfig: { temperature: 0.5 },
    },
  },
  keyHeader: { name: 'x-goog-api-key', prefix: '' },
  stream: serverSentEvents,
  events: [
    chunk([{ text: 'hm …', thought: true }]),
    chunk([{ text: 'Grüße ' }]),
    chunk([{ text: 'aus 東京 🗼\n' }, look]),
    event({ ...last, usageMetadata: usage, ...base }),
  ],
  document: {
    candidates: [
      {
        content: {
          ...answer,
          parts: [{ text: 'hm …', thought: true }, ...answer.parts, look, say],
        },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    usageMetadata: usage,
    ...base,
  },
  reply: {
    result: {
      type: 'chat',
      message: {
        role: 'assistant',
        content: 'Grüße aus 東京 🗼\n',
        reasoning: 'hm …',
        tool_calls: [
          {
            id: 'call_a',
            type: 'function',
            function: { name: 'look', arguments: '{}' },
            extra_content: { google: { thought_signature: 'Eg/+==' } },
          },
          {
            id: 'call_resp-1_1',
            type: 'function',
            function: { name: 'say', arguments: '{"t":"é"}' },
          },
        ],
      },
      finish_reason: { unified: 'tool_calls', raw: 'STOP' },
    },
    usage: {
      input_tokens: 11,
      cached_input_tokens: 4,
      output_tokens: 7,
      reasoning_tokens: 2,
      total_tokens: 18,
      source: 'provider',
    },
  },
  dispensableEvents: 0,
  isRepeatable: true,
  keepAlive: ': keep-alive\n\n',
  overloadedEvent: event({
    error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' },
  }),
  errorBody: ({ status, message, code }) => {
    if (unsayable.has(code)) return undefined;
    const details = /quota|spend/.test(code) ? [dailyQuota] : [];
    return { error: { code: status, message, status: statusNames[status] ?? 'UNKNOWN', details } };
  },
  afterBreak: undefined,
};

export const subjects: readonly Subject[] = [gemini];

export const documentSubjects: readonly DocumentSubject[] = [
  {
    ...gemini,
    type: 'embedding',
    call: embed(base64Input),
    request: {
      method: 'POST',
      path: '/v1/v1beta/models/model-1:batchEmbedContents',
      headers: {},
      body: {
        requests: ['grüß dich 👋', 'queues'].map((text) => ({
          model: 'models/model-1',
          content: { parts: [{ text }] },
          outputDimensionality: 2,
        })),
      },
    },
    document: {
      embeddings: [{ values: vectors[0] }, { values: vectors[1] }],
      usageMetadata: { promptTokenCount: 7 },
    },
    reply: embeddingReplyOf(base64Vectors),
    wrong: [
      ['one vector too few', { embeddings: [{ values: [1, 2] }] }],
      ['no values', { embeddings: [{ values: [1, 2] }, {}] }],
    ],
    maxMiB: 16,
  },
];
