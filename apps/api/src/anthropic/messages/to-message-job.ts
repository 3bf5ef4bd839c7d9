import { inWireTerms } from '@sluice/config';
import { SluiceError, type ChatInput, type SubmitJob } from '@sluice/contracts';

import type { MessageBody } from './message-body.ts';
import { toMessages, type Placed } from './to-messages.ts';

/** The job that a message is, and what renames the fields of its errors back to those that the client has sent. */
export interface MessageJob {
  submitted: SubmitJob;
  refusal(error: SluiceError): SluiceError;
}

/** @throws SluiceError `invalid_request` for an effort of a model that shall not think. */
export function toMessageJob(body: MessageBody): MessageJob {
  const placed = toMessages(body);
  const user = body.metadata?.user_id;
  return {
    submitted: {
      type: 'chat',
      model: body.model,
      input: { messages: placed.map(({ message }) => message), ...settingsOf(body) },
      ...(body.stream && { stream: true }),
      ...(user !== undefined && { user }),
    },
    refusal: (error) => inWireTerms(error, [...placesOf(placed), ...renamed]),
  };
}

/** Where each message of the job came from, with and without the name of the job's input before it. */
function placesOf(placed: readonly Placed[]): (readonly [field: string, sent: string])[] {
  return placed.flatMap(({ path }, index) => [
    [`input.messages[${index}]`, path] as const,
    [`messages[${index}]`, path] as const,
  ]);
}

const renamed = [
  ['input.max_completion_tokens', 'max_tokens'],
  ['input.stop', 'stop_sequences'],
  ['input.reasoning_effort', 'thinking'],
  ['input.response_format', 'output_config.format'],
  ['input.parallel_tool_calls', 'tool_choice.disable_parallel_tool_use'],
  ['input.', ''],
  ['session_id', 'X-Sluice-Session-Id'],
  ['user', 'metadata.user_id'],
] as const;

function settingsOf(body: MessageBody): Omit<ChatInput, 'messages'> {
  const { temperature, top_p, top_k, stop_sequences: stop = [], cache_control } = body;
  const effort = effortOf(body);
  const format = body.output_config?.format;
  return {
    max_completion_tokens: body.max_tokens,
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(top_k !== undefined && { top_k }),
    ...(stop.length > 0 && { stop }),
    ...toolsOf(body),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...(format && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: 'answer', schema: format.schema, strict: true },
      },
    }),
    ...(cache_control && { cache_control }),
  };
}

function toolsOf({ tools = [], tool_choice: choice }: MessageBody): Partial<ChatInput> {
  const isSingle = choice && choice.type !== 'none' && choice.disable_parallel_tool_use;
  return {
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(choice && { tool_choice: toChoice(choice) }),
    ...(isSingle && { parallel_tool_calls: false }),
  };
}

function toTool(tool: NonNullable<MessageBody['tools']>[number]) {
  const { name, description, input_schema: parameters, strict, cache_control: mark } = tool;
  return {
    type: 'function' as const,
    function: {
      name,
      parameters,
      ...(description !== undefined && { description }),
      ...(strict !== undefined && { strict }),
    },
    ...(mark && { cache_control: mark }),
  };
}

function toChoice(choice: NonNullable<MessageBody['tool_choice']>): ChatInput['tool_choice'] {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return choice.type;
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice.name } };
  }
}

/** Thinking without an effort is thinking at Anthropic's usual one; a budget is told as the effort that comes near it. */
function effortOf({ thinking, output_config: config }: MessageBody): ChatInput['reasoning_effort'] {
  const effort = config?.effort;
  if (thinking?.type === 'disabled' && effort !== undefined) {
    const param = 'output_config.effort';
    throw new SluiceError('invalid_request', `${param}: not with thinking disabled`, { param });
  }
  if (effort !== undefined || !thinking) return effort;
  if (thinking.type === 'disabled') return 'none';
  if (thinking.type === 'adaptive') return 'high';
  if (thinking.budget_tokens < 4_096) return 'low';
  return thinking.budget_tokens < 16_384 ? 'medium' : 'high';
}
