import type { Choice } from '../chat/compose-choice.ts';
import { tokenLogprobs } from '../chat/token-logprobs.ts';
import type { ResponseRequest } from './read-response-request.ts';

/** A valid request, its answer, and the call's id that all other ids follow from. */
export type ResponsePlan = {
  request: ResponseRequest;
  choice: Choice;
  id: string;
  createdAt: number;
  cachedTokens: number;
};

/** An item of the output, with what a stream tells of it piece by piece. */
export type OutputItem = Record<string, unknown> & { type: string; id: string };

/** What the model thinks of every question. */
export const THOUGHT = 'Thinking about it.';

/** All items of the answer: a thought, a message, calls. */
export function describeOutput({ request, choice, id }: ResponsePlan): OutputItem[] {
  const thought: OutputItem = {
    type: 'reasoning',
    id: `rs_${id}`,
    summary: [{ type: 'summary_text', text: THOUGHT }],
    ...(request.sealsThoughts && {
      encrypted_content: Buffer.from(THOUGHT).toString('base64'),
    }),
  };
  const calls = choice.toolCalls.map((call, index): OutputItem => {
    const { id: callId, name, arguments: json } = call;
    return {
      type: 'function_call',
      id: `fc_${id}_${index}`,
      call_id: callId,
      name,
      arguments: json,
      status: 'completed',
    };
  });
  const message = calls.length > 0 ? [] : [describeMessage({ request, choice, id })];
  return [...(request.thinks ? [thought] : []), ...message, ...calls];
}

function describeMessage({
  request,
  choice,
  id,
}: Pick<ResponsePlan, 'request' | 'choice' | 'id'>): OutputItem {
  const { topLogprobs } = request.chat.form;
  const logprobs = topLogprobs === undefined ? [] : tokenLogprobs(choice.text, topLogprobs);
  const content = [{ type: 'output_text', text: choice.text, annotations: [], logprobs }];
  return { type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed', content };
}

/** The response as it is with so much of its output. */
export function describeResponse(plan: ResponsePlan, output: object[] | undefined): object {
  const { request, choice, id, createdAt } = plan;
  const isCut = choice.finishReason === 'length';
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdAt,
    status: output === undefined ? 'in_progress' : isCut ? 'incomplete' : 'completed',
    background: false,
    error: null,
    incomplete_details: output !== undefined && isCut ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    model: request.chat.modelId,
    output: output ?? [],
    parallel_tool_calls: true,
    service_tier: request.chat.form.serviceTier,
    store: request.store,
    tool_choice: 'auto',
    tools: [],
    usage: output === undefined ? null : describeUsage(plan),
  };
}

function describeUsage({ request, choice, cachedTokens }: ResponsePlan): object {
  const { promptTokens } = request.chat;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: choice.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + choice.outputTokens,
  };
}
