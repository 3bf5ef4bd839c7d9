import {
  isTerminal,
  liveResponseStatus,
  responseIdOf,
  responseStatusOf,
  type ChatInput,
  type ErrorData,
  type JobRecord,
  type JobRequest,
  type JobState,
} from '@sluice/contracts';

import { responseUsage } from '../usage.ts';
import { outputOf } from './output-items.ts';

/** What is known of a response: its request, and how far its job is. */
export type KnownResponse = Pick<
  JobRequest,
  'jobId' | 'type' | 'model' | 'input' | 'createdAtMs' | 'metadata' | 'user' | 'response'
> &
  Partial<Pick<JobRecord, 'state' | 'result' | 'error' | 'usage' | 'endedAtMs'>>;

/**
 * A response as OpenAI shows it.
 * @see https://platform.openai.com/docs/api-reference/responses/object
 */
export function responseObject(job: KnownResponse, outputVariable?: string) {
  const state = job.state ?? 'queued';
  const status = statusOf(state, job);
  return {
    id: responseIdOf(job.jobId),
    object: 'response',
    created_at: toSeconds(job.createdAtMs),
    ...(status === 'completed' && { completed_at: toSeconds(job.endedAtMs ?? 0) }),
    status,
    background: job.response?.background ?? false,
    error: status === 'failed' && job.error ? responseErrorOf(job.error) : null,
    incomplete_details: status === 'incomplete' ? { reason: whyIncomplete(job) } : null,
    model: job.model,
    output: job.result ? outputOf(job.jobId, job.result, outputVariable) : [],
    previous_response_id: job.response?.previousId ?? null,
    ...asked(job),
    metadata: job.metadata ?? {},
    user: job.user ?? null,
    store: true,
    service_tier: tierOf(job),
    truncation: 'disabled',
    usage: isTerminal(state) && job.usage ? responseUsage(job.usage) : null,
  };
}

/** How the call was served; until that is known, as it was asked. */
function tierOf({ type, input, result }: KnownResponse): string {
  // A job of that type has that input.
  const wanted = type === 'chat' ? (input as ChatInput).service_tier : undefined;
  return (result?.type === 'chat' ? result.service_tier : undefined) ?? wanted ?? 'default';
}

function statusOf(state: JobState, job: KnownResponse) {
  return isTerminal(state) ? responseStatusOf({ ...job, state }) : liveResponseStatus(state);
}

function whyIncomplete({ result, error }: KnownResponse): string {
  const isLength =
    error !== undefined || (result?.type === 'chat' && result.finish_reason.unified === 'length');
  return isLength ? 'max_output_tokens' : 'content_filter';
}

/** The parameters, as they were asked for; of an app, which has its own, as OpenAI shows what nobody said. */
function asked({ type, input, response }: KnownResponse) {
  // A job of that type has that input.
  const chat: Partial<ChatInput> = type === 'chat' ? (input as ChatInput) : {};
  const [first] = chat.messages ?? [];
  const { tool_choice: choice = 'auto' } = chat;
  return {
    instructions:
      response?.isInstructed && typeof first?.content === 'string' ? first.content : null,
    max_output_tokens: chat.max_completion_tokens ?? null,
    parallel_tool_calls: chat.parallel_tool_calls ?? true,
    reasoning: { effort: chat.reasoning_effort ?? null, summary: null },
    temperature: chat.temperature ?? null,
    top_p: chat.top_p ?? null,
    top_logprobs: chat.top_logprobs ?? 0,
    text: { format: formatOf(chat), ...(chat.verbosity && { verbosity: chat.verbosity }) },
    tool_choice:
      typeof choice === 'string' ? choice : { type: 'function', name: choice.function.name },
    tools: (chat.tools ?? []).map(({ function: { parameters = null, strict = null, ...of } }) => ({
      type: 'function',
      ...of,
      parameters,
      strict,
    })),
  };
}

function formatOf({ response_format: format }: Partial<ChatInput>): object {
  if (format?.type !== 'json_schema') return format ?? { type: 'text' };
  return { type: 'json_schema', ...format.json_schema };
}

/** OpenAI's code, and the message with Sluice's. */
function responseErrorOf({ code, message }: Pick<ErrorData, 'code' | 'message'>) {
  const isInput = code === 'upstream_invalid_request' || code === 'context_length_exceeded';
  const shown =
    code === 'rate_limited' ? 'rate_limit_exceeded' : isInput ? 'invalid_prompt' : 'server_error';
  return { code: shown, message: `${code}: ${message}` };
}

function toSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}
