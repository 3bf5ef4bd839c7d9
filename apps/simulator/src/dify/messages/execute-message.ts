import { countTokens, splitText } from '../../text.ts';
import { describeUsage, priceTokens } from '../runs/pricing.ts';
import type { Run } from '../runs/run.ts';
import type { Message } from './conversation-store.ts';

/** Answers a message of an app without nodes. It never throws. */
export async function executeMessage(run: Run, message: Message, text: string): Promise<void> {
  const { settings, draw } = run.behaviour;
  const event = run.request.app.mode === 'agent-chat' ? 'agent_message' : 'message';
  const promptTokens = countTokens(message.query.length);
  Object.assign(run.usage, priceTokens(promptTokens, 0));
  if (settings.dify.outcome === 'failed') return publishFailure(run, message);
  if (event === 'agent_message') publishThought(run, message);
  for (const piece of splitText(text, settings.chunks)) {
    if (run.isStopping) break;
    message.answer += piece;
    run.publish(event, { id: message.id, answer: piece });
    Object.assign(run.usage, priceTokens(promptTokens, countTokens(message.answer.length)));
    await run.work(draw(settings.chunkDelayMs));
  }
  publishEnd(run, message);
  run.end(run.isStopping ? 'stopped' : 'succeeded');
}

/** Publishes the event that ends a good answer, with its usage. */
export function publishEnd(run: Run, message: Message): void {
  message.usage = { ...run.usage };
  run.publish('message_end', {
    id: message.id,
    metadata: describeMetadata(run, message),
    files: [],
  });
}

/** Metadata of an answer. */
export function describeMetadata(run: Run, message: Message): object {
  return {
    usage: describeUsage(message.usage, run.elapsedSeconds),
    retriever_resources: [],
  };
}

/** Publishes the error event that ends a bad answer. */
export function publishFailure(run: Run, message: Message): void {
  message.error = run.behaviour.settings.dify.error;
  run.error = message.error;
  run.end('failed');
  run.publish('error', {
    status: 400,
    code: 'completion_request_error',
    message: message.error,
  });
}

function publishThought(run: Run, message: Message): void {
  run.publish('agent_thought', {
    id: `${message.id}-thought`,
    position: 1,
    thought: 'The simulator repeats what it is told.',
    observation: '',
    tool: '',
    tool_labels: {},
    tool_input: '',
    message_files: [],
  });
}
