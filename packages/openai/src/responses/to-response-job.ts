import type { IncomingHttpHeaders } from 'node:http';

import type { Config, Renamed } from '@sluice/config';
import {
  responseIdOf,
  SluiceError,
  type ChatInput,
  type ChatMessage,
  type JobRecord,
  type ResponseFacts,
  type SubmitJob,
} from '@sluice/contracts';

import { toAppInput } from '../app/to-app-input.ts';
import type { Callee } from '../callee.ts';
import { fallbackOf, renamedFallback } from '../fallbacks.ts';
import type { ResponseBody } from './response-body.ts';
import { toMessages } from './to-messages.ts';

export interface ResponseCall {
  callee: Callee;
  headers: IncomingHttpHeaders;
  /** The completed response that it goes on from. */
  previous: JobRecord | undefined;
  hasSession: boolean;
}

/** The job that a response is, and what its record keeps beside that. */
export function toResponseJob(
  body: ResponseBody,
  { callee, headers, previous, hasSession }: ResponseCall,
  config: Pick<Config, 'routes'>,
): { submitted: SubmitJob & { type: 'chat' | 'workflow' }; facts: ResponseFacts } {
  const { background, stream, metadata, instructions } = body;
  const user = body.user ?? body.safety_identifier;
  const job = {
    ...(stream && { stream }),
    ...(metadata && { metadata }),
    ...(user !== undefined && { user }),
    ...fallbackOf(body),
  };
  const facts: ResponseFacts = {
    ...(background && { background }),
    ...(previous && { previousId: responseIdOf(previous.jobId) }),
  };
  const asked = messagesOf(body);
  if (callee.type === 'chat') {
    const isInstructed = instructions !== undefined;
    const messages = withPrevious(asked, previous, isInstructed);
    const input = { messages, ...parametersOf(body) };
    return {
      submitted: { type: 'chat', model: callee.model, input, ...job },
      facts: { ...facts, ...(isInstructed && { isInstructed }) },
    };
  }
  refuseForApps(body);
  const conversationId = conversationOf(previous);
  const goesOn = hasSession || conversationId !== undefined;
  const input = toAppInput(callee.app, { messages: asked, hasSession: goesOn, headers }, config);
  const app = {
    ...input,
    ...(conversationId !== undefined && { conversation_id: conversationId }),
  };
  return { submitted: { type: 'workflow', app: callee.app, input: app, ...job }, facts };
}

/** Fields of such a job as the client has sent them. */
export function responseFields({ named }: Callee, body: ResponseBody): Renamed {
  return [
    ...renamedFallback(body),
    ['input.messages', 'input'],
    ['input.max_completion_tokens', 'max_output_tokens'],
    ['session_id', 'X-Sluice-Session-Id'],
    ['app', named],
  ];
}

/** Instructions stand before everything and are not handed on to the next response, as OpenAI does it. */
function messagesOf({ instructions, input }: ResponseBody): ChatMessage[] {
  const messages = toMessages(input);
  if (instructions === undefined) return messages;
  return [{ role: 'developer', content: instructions }, ...messages];
}

function withPrevious(
  asked: readonly ChatMessage[],
  previous: JobRecord | undefined,
  isInstructed: boolean,
): ChatMessage[] {
  if (previous?.result?.type !== 'chat') return [...asked];
  // A job of that type has that input.
  const { messages } = previous.input as ChatInput;
  const before = previous.response?.isInstructed ? messages.slice(1) : messages;
  const first = isInstructed ? asked.slice(0, 1) : [];
  const { refusal, ...said } = previous.result.message;
  const answer = { ...said, ...(refusal !== undefined && { refusal }) };
  return [...first, ...before, answer, ...asked.slice(first.length)];
}

function conversationOf(previous: JobRecord | undefined): string | undefined {
  return previous?.result?.type === 'workflow' ? previous.result.conversation_id : undefined;
}

function parametersOf(body: ResponseBody): Omit<ChatInput, 'messages'> {
  const { tools = [], tool_choice: choice, text, reasoning, max_output_tokens: maxTokens } = body;
  const { temperature, top_p: topP, parallel_tool_calls: parallel } = body;
  const effort = reasoning?.effort;
  const {
    prompt_cache_key: key,
    prompt_cache_retention: retention,
    prompt_cache_options: cache,
  } = body;
  return {
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(parallel !== undefined && { parallel_tool_calls: parallel }),
    ...(tools.length > 0 && {
      tools: tools.map(({ type, ...of }) => ({ type, function: of })),
    }),
    ...(choice !== undefined && {
      tool_choice:
        typeof choice === 'string'
          ? choice
          : { type: choice.type, function: { name: choice.name } },
    }),
    ...formatOf(text),
    ...logprobsOf(body),
    ...(body.service_tier !== undefined && { service_tier: body.service_tier }),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...(key !== undefined && { prompt_cache_key: key }),
    ...(retention !== undefined && { prompt_cache_retention: retention }),
    ...(cache !== undefined && { prompt_cache_options: cache }),
  };
}

/** Probabilities come where they are asked for, with the likeliest others or without. */
function logprobsOf({ include = [], top_logprobs: top }: ResponseBody) {
  const isAsked = include.includes('message.output_text.logprobs') || (top ?? 0) > 0;
  return isAsked ? { logprobs: true, ...(top !== undefined && { top_logprobs: top }) } : {};
}

function formatOf(text: ResponseBody['text']): Pick<ChatInput, 'response_format' | 'verbosity'> {
  const { format, verbosity } = text ?? {};
  const { type } = format ?? { type: 'text' };
  return {
    ...(verbosity !== undefined && { verbosity }),
    ...(type === 'json_object' && { response_format: { type } }),
    ...(format?.type === 'json_schema' && { response_format: schemaFormat(format) }),
  };
}

function schemaFormat({
  type,
  ...schema
}: Extract<NonNullable<NonNullable<ResponseBody['text']>['format']>, { type: 'json_schema' }>) {
  return { type, json_schema: schema };
}

function refuseForApps({ tools = [], text }: ResponseBody): void {
  const isFormatted = text?.format !== undefined && text.format.type !== 'text';
  const field = tools.length > 0 ? 'tools' : isFormatted ? 'text.format' : undefined;
  if (field === undefined) return;
  throw new SluiceError('invalid_request', `${field}: an app of Dify has its own; leave it out`, {
    param: field,
  });
}
