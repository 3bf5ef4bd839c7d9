import type { ChatInput, ChatMessage, JobRequest, Outcome } from '@sluice/contracts';
import { roughTokens } from '@sluice/metering';
import type { ChatSession } from '@sluice/records';

import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * The chat with what was said before in its session: the instructions that the job brings, then the history, then what it says
 * now. All that follows sees one long chat: the cache's key, the count of tokens, the call.
 */
export async function withHistory(plan: Plan, { records }: RunJobDeps): Promise<Plan> {
  const session = chatSessionOf(plan);
  if (!session) return plan;
  const history = await records.history(session, plan.record.jobId);
  if (history.length === 0) return plan;
  // The session is one of chats.
  const input = plan.record.input as ChatInput;
  const { instructions, said } = split(input.messages);
  const messages = [...instructions, ...history, ...said];
  return { ...plan, record: { ...plan.record, input: { ...input, messages } } };
}

/**
 * The session goes on with what this job said and was told; `plan` is the one before {@link withHistory}. Awaited: the next job
 * of the session may be submitted as soon as this one has ended.
 */
export async function keepTurn(plan: Plan, outcome: Outcome, deps: RunJobDeps): Promise<Outcome> {
  const session = chatSessionOf(plan);
  if (!session || outcome.kind !== 'ended' || outcome.ending.state !== 'completed') return outcome;
  const { result } = outcome.ending;
  if (result.type !== 'chat') return outcome;
  const { said } = split((plan.record.input as ChatInput).messages);
  const { role, content, tool_calls: toolCalls } = result.message;
  const answer = { role, content, ...(toolCalls && { tool_calls: toolCalls }) };
  // A result's message is one that a request may have.
  const messages = [...said, answer as ChatMessage];
  const turn = { jobId: plan.record.jobId, messages, tokens: roughTokens({ messages }) };
  try {
    await deps.records.appendTurn(session, { turn, bounds: deps.config.sessions });
  } catch (error) {
    deps.log.warn({ err: error, jobId: turn.jobId }, 'a turn of a session was not kept');
  }
  return outcome;
}

export function chatSessionOf({ record }: { record: JobRequest }): ChatSession | undefined {
  const { type, tenantId, model, sessionId, user } = record;
  if (type !== 'chat' || sessionId === undefined) return undefined;
  return { tenantId, model, sessionId, user };
}

/** Instructions stand first, and belong to the job that brings them. */
function split(messages: readonly ChatMessage[]): {
  instructions: ChatMessage[];
  said: ChatMessage[];
} {
  const isInstruction = ({ role }: ChatMessage) => role === 'system' || role === 'developer';
  const first = messages.findIndex((message) => !isInstruction(message));
  const at = first === -1 ? messages.length : first;
  return { instructions: messages.slice(0, at), said: messages.slice(at) };
}
