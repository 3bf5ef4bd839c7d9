import type { DocumentSubject } from '../conformance/document-subject.ts';
import type { Subject } from '../conformance/subject.ts';

function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function block(index: number, content: object, ...deltas: object[]): string[] {
  return [
    event('content_block_start', { index, content_block: content }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ];
}

const inputUsage = {
  input_tokens: 5,
  cache_creation_input_tokens: 2,
  cache_read_input_tokens: 4,
  cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 0 },
  service_tier: 'standard',
};
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'model-1',
  stop_sequence: null,
};
const toolUse = (id: string, name: string, input: object = {}) => ({
  type: 'tool_use',
  id,
  name,
  input,
});

/** Anthropic's messages: thoughts, text, two tool calls, a ping between them, usage that is counted twice. */
export const anthropic: Subject = {
  kind: 'anthropic',
  call: async (adapter, call) =>
    await adapter.chat?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: {
        messages: [
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'grüß dich 👋' },
        ],
        temperature: 0.5,
      },
    }),
  request: {
    method: 'POST',
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    body: {
      model: 'model-1',
      max_tokens: 4_096,
      system: [{ type: 'text', text: 'be brief' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'grüß dich 👋' }] }],
      temperature: 0.5,
      metadata: { user_id: 'ada' },
      stream: true,
    },
  },
  keyHeader: { name: 'x-api-key', prefix: '' },
  stream: { type: 'text/event-stream', frame: (json) => `data: ${json}\n\n` },
  events: [
    event('message_start', {
      message: {
        ...message,
        content: [],
        stop_reason: null,
        usage: { ...inputUsage, output_tokens: 1 },
      },
    }),
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'hm …' },
      { type: 'signature_delta', signature: 'EqQB' },
    ),
    event('ping'),
    ...block(
      1,
      { type: 'text', text: '' },
      { type: 'text_delta', text: 'Grüße ' },
      { type: 'text_delta', text: 'aus 東京 🗼\n' },
    ),
    ...block(2, toolUse('toolu_a', 'look')),
    ...block(
      3,
      toolUse('toolu_b', 'say'),
      { type: 'input_json_delta', partial_json: '' },
      { type: 'input_json_delta', partial_json: '{"t":' },
      { type: 'input_json_delta', partial_json: '"é"}' },
    ),
    event('message_delta', {
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { ...inputUsage, output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } },
    }),
    event('message_stop'),
  ],
  document: {
    ...message,
    content: [
      { type: 'thinking', thinking: 'hm …', signature: 'EqQB' },
      { type: 'text', text: 'Grüße aus 東京 🗼\n' },
      toolUse('toolu_a', 'look'),
      toolUse('toolu_b', 'say', { t: 'é' }),
    ],
    stop_reason: 'tool_use',
    usage: { ...inputUsage, output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } },
  },
  reply: {
    result: {
      type: 'chat',
      message: {
        role: 'assistant',
        content: 'Grüße aus 東京 🗼\n',
        reasoning: 'hm …',
        reasoning_parts: [{ type: 'thinking', thinking: 'hm …', signature: 'EqQB' }],
        tool_calls: [
          { id: 'toolu_a', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'toolu_b', type: 'function', function: { name: 'say', arguments: '{"t":"é"}' } },
        ],
      },
      finish_reason: { unified: 'tool_calls', raw: 'tool_use' },
    },
    usage: {
      input_tokens: 11,
      cached_input_tokens: 4,
      cache_write_input_tokens: 2,
      output_tokens: 7,
      reasoning_tokens: 2,
      total_tokens: 18,
      source: 'provider',
    },
  },
  dispensableEvents: 0,
  isRepeatable: true,
  keepAlive: event('ping'),
  overloadedEvent: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  errorBody: ({ message: text, code }) => ({
    type: 'error',
    error: { type: code, message: text },
    request_id: 'req_1',
  }),
  afterBreak: undefined,
};

export const subjects: readonly Subject[] = [anthropic];
export const documentSubjects: readonly DocumentSubject[] = [];
