import { chatInput, name, type ChatInput, type JobRecord } from '@sluice/contracts';
import { z } from 'zod';

import { appText } from './app-text.ts';
import { appInput } from './chat.ts';
import { check, dropNulls, ignored, only, refuse } from './check.ts';
import type { LineFormat } from './formats.ts';
import { inputUsage } from './usage.ts';

const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.looseObject({ type: z.literal('output_text'), text: z.string() }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().min(1),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
]);

const item = z.union([
  z.looseObject({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([z.string(), z.array(part).min(1)]),
  }),
  z.looseObject({
    type: z.literal('function_call'),
    call_id: z.string().min(1),
    name: z.string().min(1),
    arguments: z.string(),
  }),
  z.looseObject({
    type: z.literal('function_call_output'),
    call_id: z.string().min(1),
    output: z.string(),
  }),
]);
type Item = z.infer<typeof item>;

const { temperature, top_p: topP, parallel_tool_calls: parallel } = chatInput.shape;

const responseBody = z.strictObject({
  model: name,
  input: z.union([z.string().min(1), z.array(item).min(1)]),
  instructions: z.string().optional(),
  max_output_tokens: z.int().min(1).optional(),
  temperature,
  top_p: topP,
  parallel_tool_calls: parallel,
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: z.string().min(1).max(64),
        description: z.string().nullable().optional(),
        parameters: z.record(z.string(), z.unknown()).nullable().optional(),
        strict: z.boolean().nullable().optional(),
      }),
    )
    .optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string().min(1) }),
    ])
    .optional(),
  text: z
    .looseObject({
      format: z.looseObject({ type: z.enum(['text', 'json_object', 'json_schema']) }).optional(),
    })
    .optional(),
  reasoning: z.looseObject({ effort: chatInput.shape.reasoning_effort }).optional(),
  ...ignored,
  stream: only(false, 'results of a batch come whole'),
  background: z.boolean().optional(),
  truncation: z.enum(['auto', 'disabled']).optional(),
  include: z.array(z.string()).max(0).optional(),
});
type ResponseBody = z.infer<typeof responseBody>;

/** @see https://platform.openai.com/docs/api-reference/responses/create */
export const responseFormat: LineFormat = {
  toRequest(body, apps) {
    if (body['previous_response_id'] || body['conversation']) {
      throw refuse('previous_response_id', 'lines of a batch stand alone; send the whole input');
    }
    const parsed = check(dropNulls(body), responseBody);
    const { model } = parsed;
    const input = chatInputOf(parsed);
    if (!apps.isApp(model)) return { type: 'chat', model, input };
    return { type: 'workflow', app: model, input: appInput(input, apps.asksQuestion(model)) };
  },
  toReply(job) {
    return {
      id: `resp_${job.jobId.replace(/^batch_/, '')}`,
      object: 'response',
      created_at: Math.floor(job.createdAtMs / 1_000),
      completed_at: Math.floor((job.endedAtMs ?? job.createdAtMs) / 1_000),
      ...statusOf(job),
      error: null,
      model: job.model,
      output: outputOf(job),
      usage: inputUsage(job.usage),
    };
  },
};

function chatInputOf(body: ResponseBody): ChatInput {
  const { input, instructions, reasoning, max_output_tokens: most } = body;
  const items: Item[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const raw = {
    messages: [
      ...(instructions === undefined ? [] : [{ role: 'system', content: instructions }]),
      ...items.map(messageOf),
    ],
    temperature: body.temperature,
    top_p: body.top_p,
    parallel_tool_calls: body.parallel_tool_calls,
    max_completion_tokens: most,
    reasoning_effort: reasoning?.effort,
    ...toolsOf(body),
    response_format: formatOf(body.text?.format),
  };
  return check(
    Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)),
    chatInput,
  );
}

function messageOf(given: Item): unknown {
  if (given.type === 'function_call') {
    const called = { name: given.name, arguments: given.arguments };
    const call = { id: given.call_id, type: 'function', function: called };
    return { role: 'assistant', content: null, tool_calls: [call] };
  }
  if (given.type === 'function_call_output') {
    return { role: 'tool', tool_call_id: given.call_id, content: given.output };
  }
  const { role, content } = given;
  return { role, content: typeof content === 'string' ? content : content.map(partOf) };
}

function partOf(given: z.infer<typeof part>): unknown {
  if (given.type !== 'input_image') return { type: 'text', text: given.text };
  const { image_url: url, detail } = given;
  return { type: 'image_url', image_url: { url, ...(detail && { detail }) } };
}

function toolsOf({ tools, tool_choice: choice }: ResponseBody) {
  return {
    ...(tools &&
      tools.length > 0 && {
        tools: tools.map(({ type, ...called }) => ({ type, function: dropNulls(called) })),
      }),
    ...(choice !== undefined && {
      tool_choice:
        typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } },
    }),
  };
}

/** In a response the schema stands beside the type, in a chat one step further in. */
function formatOf(format: Record<string, unknown> | undefined): unknown {
  if (format?.['type'] !== 'json_schema') return format && { type: format['type'] };
  const { type, ...schema } = format;
  return { type, json_schema: dropNulls(schema) };
}

function statusOf({ result }: JobRecord) {
  const reason = result?.type === 'chat' ? result.finish_reason.unified : 'stop';
  if (reason === 'length') {
    return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  }
  if (reason === 'content_filter') {
    return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  }
  return { status: 'completed', incomplete_details: null };
}

function outputOf({ jobId, result }: JobRecord): unknown[] {
  const id = jobId.replace(/^batch_/, '');
  const said = (text: string, refusal?: string) => ({
    type: 'message',
    id: `msg_${id}`,
    role: 'assistant',
    status: 'completed',
    content: [
      refusal === undefined
        ? { type: 'output_text', text, annotations: [] }
        : { type: 'refusal', refusal },
    ],
  });
  if (result?.type === 'workflow') return [said(appText(result))];
  if (result?.type !== 'chat') throw new TypeError(`a ${result?.type} is no response`);
  const { content, refusal, tool_calls: calls = [] } = result.message;
  const hasText = refusal !== undefined || (content !== null && content !== '');
  return [
    ...(hasText ? [said(content ?? '', refusal)] : []),
    ...calls.map((call, index) => ({
      type: 'function_call',
      id: `fc_${id}_${index}`,
      call_id: call.id,
      ...call.function,
      status: 'completed',
    })),
  ];
}
