import { bearer, serverSentEvents, type Subject } from '../../conformance/subject.ts';

const usage = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 18,
};

const head = { id: 'resp_1', object: 'response', model: 'gpt-5.4-pro-2026-03-05' };
const thought = {
  type: 'reasoning',
  id: 'rs_1',
  summary: [
    { type: 'summary_text', text: 'hm …' },
    { type: 'summary_text', text: 'so' },
  ],
  encrypted_content: 'c2VjcmV0',
};
const said = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Grüße aus 東京 🗼\n', annotations: [], logprobs: [] }],
};
const look = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_a',
  name: 'look',
  arguments: '{}',
};
const say = { ...look, id: 'fc_2', call_id: 'call_b', name: 'say', arguments: '{"t":"é"}' };

const whole = {
  ...head,
  status: 'completed',
  error: null,
  incomplete_details: null,
  output: [thought, said, look, say],
  service_tier: 'default',
  usage,
};

let sequence = 0;

function event(type: string, fields: object): string {
  const data = { type, sequence_number: sequence, ...fields };
  sequence += 1;
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function added(at: number, item: object): string {
  return event('response.output_item.added', { output_index: at, item });
}

function piece(type: string, at: number, delta: string, more: object = {}): string {
  return event(`response.${type}.delta`, { output_index: at, item_id: 'x', delta, ...more });
}

/** OpenAI's Responses API: a thought that comes back encrypted, text, two tool calls in pieces, all of it again at the end. */
export const openAiResponses: Subject = {
  kind: 'openai',
  name: 'openai by responses',
  call: async (adapter, call) => {
    const { provider } = call.target;
    const options = { ...provider.options, api: 'responses' };
    return await adapter.chat?.({
      ...call,
      target: { ...call.target, provider: { ...provider, options } },
      jobId: 'job_1',
      user: 'ada',
      input: { messages: [{ role: 'user', content: 'grüß dich 👋' }], temperature: 0.5 },
    });
  },
  request: {
    method: 'POST',
    path: '/v1/responses',
    headers: { 'x-client-request-id': 'job_1' },
    body: {
      input: [{ role: 'user', content: 'grüß dich 👋' }],
      temperature: 0.5,
      model: 'model-1',
      user: 'ada',
      store: false,
      stream: true,
    },
  },
  keyHeader: bearer,
  stream: serverSentEvents,
  events: [
    event('response.created', { response: { ...head, status: 'in_progress', output: [] } }),
    added(0, { ...thought, summary: [] }),
    piece('reasoning_summary_text', 0, 'hm …', { summary_index: 0 }),
    piece('reasoning_summary_text', 0, 'so', { summary_index: 1 }),
    added(1, { ...said, status: 'in_progress', content: [] }),
    piece('output_text', 1, 'Grüße ', { content_index: 0, logprobs: [] }),
    piece('output_text', 1, 'aus 東京 🗼\n', { content_index: 0, logprobs: [] }),
    added(2, { ...look, arguments: '' }),
    added(3, { ...say, arguments: '' }),
    piece('function_call_arguments', 3, '{"t":'),
    event('response.output_item.done', { output_index: 2, item: look }),
    piece('function_call_arguments', 3, '"é"}'),
    event('response.output_item.done', { output_index: 3, item: say }),
    event('response.completed', { response: whole }),
  ],
  document: whole,
  reply: {
    result: {
      type: 'chat',
      model: 'gpt-5.4-pro-2026-03-05',
      service_tier: 'default',
      message: {
        role: 'assistant',
        content: 'Grüße aus 東京 🗼\n',
        reasoning: 'hm …\n\nso',
        reasoning_parts: [
          {
            type: 'encrypted_reasoning',
            id: 'rs_1',
            encrypted_content: 'c2VjcmV0',
            summary: ['hm …', 'so'],
          },
        ],
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'call_b', type: 'function', function: { name: 'say', arguments: '{"t":"é"}' } },
        ],
      },
      finish_reason: { unified: 'tool_calls', raw: 'completed' },
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
  overloadedEvent: event('error', {
    code: 'server_is_overloaded',
    message: 'The engine is overloaded',
    param: null,
  }),
  errorBody: ({ message, code }) => ({ error: { message, type: code, param: null, code } }),
  afterBreak: undefined,
};
