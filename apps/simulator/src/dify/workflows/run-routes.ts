import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import type { Exchange } from '../../server/exchange.ts';
import { countTokens } from '../../text.ts';
import type { World } from '../../world.ts';
import { findApp } from '../apps/app.ts';
import { difyError, notFound } from '../errors.ts';
import { mainText, readRunBody } from '../read-run-request.ts';
import type { RunBody } from '../read-run-request.ts';
import { followRun } from '../runs/follow-run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { Run } from '../runs/run.ts';
import { settleRun, waitForRun } from '../runs/settle-run.ts';
import { describePause, describeRun } from './describe-run.ts';
import { executeWorkflow } from './execute-workflow.ts';

/**
 * `POST /workflows/run` and `POST /workflows/:workflow_id/run`. The run goes on when the client
 * leaves, and the ledger books it when it ends.
 * @see https://docs.dify.ai/api-reference/workflows/run-workflow
 */
export function createRunRoutes(world: World, runs: RunStore): Route[] {
  const route = { method: 'POST', kind: 'workflow', paid: true } as const;
  const prepare = (call: Call): PreparedCall | Refusal => prepareRun(call, world, runs);
  return [
    { ...route, path: '/workflows/run', prepare },
    {
      ...route,
      path: '/workflows/:workflowId/run',
      prepare: (call) =>
        call.params.workflowId === findApp(call.key).workflowId
          ? prepare(call)
          : { refusal: notFound('Workflow not found') },
    },
  ];
}

function prepareRun(call: Call, world: World, runs: RunStore): PreparedCall | Refusal {
  const app = findApp(call.key);
  if (app.mode !== 'workflow') {
    const message = 'Please check if your app mode matches the right API route.';
    return { refusal: difyError(400, 'not_workflow_app', message) };
  }
  const body = readRunBody(call.json);
  if ('status' in body) return { refusal: body };
  const { inputs, user } = body;
  const base = (runId: string): Record<string, unknown> => ({ workflow_run_id: runId });
  return {
    reservedTokens: countTokens(JSON.stringify(inputs).length),
    stream: body.streaming,
    answer: (exchange) => {
      const run = new Run({ app, user, inputs, base }, world.behaviour.for(call.key), world.clock);
      runs.add(run);
      return startRun(exchange, run, body);
    },
  };
}

async function startRun(exchange: Exchange, run: Run, body: RunBody): Promise<void> {
  const { settings, draw } = run.behaviour;
  const text = settings.reply ?? `You said: ${mainText(body.inputs)}`;
  await exchange.clock.sleep(draw(settings.firstByteMs ?? settings.latencyMs));
  const execution = executeWorkflow(run, {
    text,
    say: (piece, { id }) =>
      run.publish('text_chunk', { data: { text: piece, from_variable_selector: [id, 'text'] } }),
    conclude: () => {},
    fail: () => {},
  }).then(() => settleRun(exchange, run));
  if (body.streaming) await followRun(exchange, run, { from: 'all', continueOnPause: false });
  else await replyWhenDone(exchange, run);
  await execution;
}

async function replyWhenDone(exchange: Exchange, run: Run): Promise<void> {
  await waitForRun(exchange, run);
  const data = run.status === 'paused' ? describePause(run) : describeRun(run);
  const body = { task_id: run.taskId, workflow_run_id: run.id, data };
  await exchange.reply({ status: 200, body: JSON.stringify(body) });
}
