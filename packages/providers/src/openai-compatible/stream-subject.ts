import { bearer, serverSentEvents, type Subject } from '../conformance/subject.ts';

const usage = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

function chunk(delta: object, finishReason: string | null = null): string {
  return event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    usage: null,
  });
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function toolCall(call: object): object {
  return { tool_calls: [call] };
}

/** OpenAI's chat completions: text, reasoning, two tool calls in pieces, usage in a chunk of its own. */
export const openAiCompatible: Subject = {
  kind: 'openai-compatible',
  call: async (adapter, call) =>
    await adapter.chat?.({
      ...call,
      jobId: 'job_1',
      user: 'ada',
      input: { messages: [{ role: 'user', content: 'grüß dich 👋' }], temperature: 0.5 },
    }),
  request: {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'x-client-request-id': 'job_1' },
    body: {
      messages: [{ role: 'user', content: 'grüß dich 👋' }],
      temperature: 0.5,
      model: 'model-1',
      user: 'ada',
      stream: true,
      stream_options: { include_usage: true },
    },
  },
  keyHeader: bearer,
  stream: serverSentEvents,
  events: [
    chunk({ role: 'assistant', content: '', reasoning_content: 'hm …' }),
    chunk({ content: 'Grüße ' }),
    chunk({ content: 'aus 東京 🗼\n' }),
    chunk(toolCall({ index: 0, id: 'call_a', type: 'function', function: { name: 'look' } })),
    chunk(toolCall({ index: 1, id: 'call_b', function: { name: 'say', arguments: '{"t":' } })),
    chunk(toolCall({ index: 0, function: { arguments: '{}' } })),
    chunk(toolCall({ index: 1, function: { arguments: '"é"}' } })),
    chunk({}, 'tool_calls'),
    event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage }),
    'data: [DONE]\n\n',
  ],
  document: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Grüße aus 東京 🗼\n',
          reasoning_content: 'hm …',
          tool_calls: [
            { id: 'call_a', type: 'function', function: { name: 'look', arguments: '{}' } },
            { id: 'call_b', type: 'function', function: { name: 'say', arguments: '{"t":"é"}' } },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage,
  },
  reply: {
    result: {
      type: 'chat',
      message: {
        role: 'assistant',
        content: 'Grüße aus 東京 🗼\n',
        reasoning: 'hm …',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'call_b', type: 'function', function: { name: 'say', arguments: '{"t":"é"}' } },
        ],
      },
      finish_reason: { unified: 'tool_calls', raw: 'tool_calls' },
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
  // An end after the finish reason is an end; only the usage is missed then.
  dispensableEvents: 2,
  isRepeatable: true,
  keepAlive: ': keep-alive\n\n',
  overloadedEvent: event({
    error: { message: 'The engine is overloaded', type: 'server_error', code: 'overloaded' },
  }),
  errorBody: ({ message, code }) => ({ error: { message, type: code, param: null, code } }),
  afterBreak: undefined,
};
