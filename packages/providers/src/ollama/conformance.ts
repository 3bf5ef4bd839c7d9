import type { DocumentSubject } from '../conformance/document-subject.ts';
import {
  embeddingInput,
  embed,
  embeddingReplyOf,
  base64Input,
  base64Vectors,
  vectors,
} from '../conformance/embeddings.ts';
import { bearer, type Subject } from '../conformance/subject.ts';

const base = { model: 'model-1', created_at: '2026-11-21T03:00:00.123456789Z' };
const ended = {
  done: true,
  done_reason: 'stop',
  total_duration: 5_191_566_416,
  load_duration: 2_154_458,
  prompt_eval_count: 11,
  prompt_eval_duration: 383_809_000,
  eval_count: 7,
  eval_duration: 4_799_921_000,
};
const look = { function: { name: 'look', arguments: {} } };
const say = { id: 'call_x7', function: { index: 1, name: 'say', arguments: { t: 'é' } } };

function line(message: object, more: object = { done: false }): string {
  return `${JSON.stringify({ ...base, message: { role: 'assistant', ...message }, ...more })}\n`;
}

/** Codes that Ollama has no form for: its errors are a text. */
const unsayable = new Set([
  'context_length_exceeded',
  'content_filter',
  'organization_spend_limit_exceeded',
]);

/** Ollama's chat: a thought, text, two calls, the count in the last line. */
export const ollama: Subject = {
  kind: 'ollama',
  call: async (adapter, call) =>
    await adapter.chat?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: { messages: [{ role: 'user', content: 'grüß dich 👋' }], temperature: 0.5 },
    }),
  request: {
    method: 'POST',
    path: '/v1/api/chat',
    headers: { accept: 'application/x-ndjson, application/json' },
    body: {
      model: 'model-1',
      messages: [{ role: 'user', content: 'grüß dich 👋' }],
      options: { temperature: 0.5 },
      stream: true,
    },
  },
  keyHeader: bearer,
  stream: { type: 'application/x-ndjson', frame: (json) => `${json}\n` },
  events: [
    line({ content: '', thinking: 'hm …' }),
    line({ content: 'Grüße ' }),
    line({ content: 'aus 東京 🗼\n' }),
    line({ content: '', tool_calls: [look, say] }),
    line({ content: '' }, ended),
  ],
  document: {
    ...base,
    message: {
      role: 'assistant',
      content: 'Grüße aus 東京 🗼\n',
      thinking: 'hm …',
      tool_calls: [look, say],
    },
    ...ended,
  },
  reply: {
    result: {
      type: 'chat',
      message: {
        role: 'assistant',
        content: 'Grüße aus 東京 🗼\n',
        reasoning: 'hm …',
        tool_calls: [
          { id: 'call_0', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'call_x7', type: 'function', function: { name: 'say', arguments: '{"t":"é"}' } },
        ],
      },
      finish_reason: { unified: 'tool_calls', raw: 'stop' },
    },
    usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18, source: 'provider' },
  },
  dispensableEvents: 0,
  isRepeatable: true,
  keepAlive: '\n',
  overloadedEvent: '{"error":"server busy, please try again. maximum pending requests exceeded"}\n',
  errorBody: ({ message, code }) => (unsayable.has(code) ? undefined : { error: message }),
  afterBreak: undefined,
};

export const subjects: readonly Subject[] = [ollama];

export const documentSubjects: readonly DocumentSubject[] = [
  {
    ...ollama,
    type: 'embedding',
    call: embed(base64Input),
    request: {
      method: 'POST',
      path: '/v1/api/embed',
      headers: { accept: 'application/json' },
      body: { ...embeddingInput, model: 'model-1', truncate: false },
    },
    document: {
      model: 'model-1',
      embeddings: [vectors[0], vectors[1]],
      total_duration: 1_000,
      prompt_eval_count: 7,
    },
    reply: embeddingReplyOf(base64Vectors),
    wrong: [
      ['one vector too few', { embeddings: [[1, 2]] }],
      ['nulls for numbers', { embeddings: [[1, 2], [null]] }],
    ],
    maxMiB: 64,
  },
];
