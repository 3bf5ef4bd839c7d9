import type { Exchange } from '../../server/exchange.ts';
import type { Reply } from '../../server/call.ts';
import type { World } from '../../world.ts';
import { difyError } from '../errors.ts';
import { noUsage } from '../../ledger/ledger.ts';
import { answerRun, settleRun } from '../runs/answer-run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { Run } from '../runs/run.ts';
import { describePause } from '../workflows/describe-run.ts';
import { executeWorkflow } from '../workflows/execute-workflow.ts';
import type { ConversationStore, Message } from './conversation-store.ts';
import { describeMetadata, executeMessage, publishEnd, publishFailure } from './execute-message.ts';
import type { MessageRequest } from './read-message-request.ts';

type Stores = { world: World; runs: RunStore; conversations: ConversationStore };

/** Answers one message as its kind of app does. */
export async function answerMessage(
  exchange: Exchange,
  request: MessageRequest,
  { world, runs, conversations }: Stores,
): Promise<void> {
  const { app, user, inputs } = request;
  const message = createMessage(exchange, request, { world, conversations });
  const base = baseFields(request, message);
  const run = new Run({ app, user, inputs, base }, world.behaviour.for(app.key), world.clock);
  runs.add(run);
  const text = run.behaviour.settings.reply ?? `You said: ${request.query}`;
  const isFlow = app.mode === 'advanced-chat';
  if (!isFlow) exchange.signal.addEventListener('abort', () => run.stop(), { once: true });
  await answerRun(exchange, run, {
    streaming: request.streaming,
    execute: async () => {
      await (isFlow ? executeFlow(run, message, text) : executeMessage(run, message, text));
      if (isFlow || run.status !== 'stopped') conversations.add(message);
    },
    describe: () => describeAnswer(run, message, request),
    settle: () => (isFlow ? settleRun(exchange, run) : settleMessage(exchange, run)),
  });
}

function createMessage(
  exchange: Exchange,
  request: MessageRequest,
  { world, conversations }: Pick<Stores, 'world' | 'conversations'>,
): Message {
  const { app, user, query, inputs } = request;
  const conversationId = request.conversationId ?? world.clock.uuid();
  const isNew = request.conversationId === undefined && app.mode !== 'completion';
  const createdAt = Math.floor(exchange.call.ledger.entry.atMs / 1000);
  if (isNew) conversations.open(conversationId, { app, user, query, inputs, createdAt });
  const id = world.clock.uuid();
  return {
    id,
    conversationId,
    key: app.key,
    user,
    query,
    inputs,
    answer: '',
    error: null,
    feedback: null,
    createdAt,
    usage: noUsage(),
  };
}

function baseFields(
  { app }: MessageRequest,
  message: Message,
): (runId: string) => Record<string, unknown> {
  const { id, conversationId, createdAt } = message;
  const conversation = app.mode === 'completion' ? {} : { conversation_id: conversationId };
  const base = { message_id: id, ...conversation, created_at: createdAt };
  return (runId) => (app.mode === 'advanced-chat' ? { ...base, workflow_run_id: runId } : base);
}

function executeFlow(run: Run, message: Message, text: string): Promise<void> {
  return executeWorkflow(run, {
    text,
    say: (piece, node) => {
      message.answer += piece;
      const selector = [node.id, 'text'];
      run.publish('message', { id: message.id, answer: piece, from_variable_selector: selector });
    },
    conclude: () => publishEnd(run, message),
    fail: () => publishFailure(run, message),
  });
}

/** These apps live with their connection, so a fault that cuts it is what ends them. */
function settleMessage(exchange: Exchange, run: Run): void {
  if (exchange.ending === 'damaged') exchange.settle('fault', { ...run.usage });
  else settleRun(exchange, run);
  exchange.call.ledger.entry.runId = null;
}

function describeAnswer(run: Run, message: Message, request: MessageRequest): Reply {
  if (run.status === 'failed') {
    return difyError(400, 'completion_request_error', run.error ?? '');
  }
  const isPaused = run.status === 'paused';
  const answer = isPaused
    ? { workflow_run_id: run.id, data: describePause(run) }
    : { answer: message.answer, metadata: describeMetadata(run, message) };
  const body = {
    event: isPaused ? 'workflow_paused' : 'message',
    task_id: run.taskId,
    id: message.id,
    mode: request.app.mode,
    ...baseFields(request, message)(run.id),
    ...answer,
  };
  return { status: 200, body: JSON.stringify(body) };
}
