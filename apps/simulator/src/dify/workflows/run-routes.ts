import type { Call, Reply } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { countTokens } from '../../text.ts';
import type { World } from '../../world.ts';
import { findApp } from '../apps/app.ts';
import { difyError, invalidParam, notFound } from '../errors.ts';
import type { FileStore } from '../files/file-store.ts';
import { mainText, readRunBody } from '../read-run-request.ts';
import { answerRun, settleRun } from '../runs/answer-run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { Run } from '../runs/run.ts';
import { describePause, describeRun } from './describe-run.ts';
import { executeWorkflow } from './execute-workflow.ts';
import type { WorkflowVoice } from './execute-workflow.ts';

type Stores = { world: World; runs: RunStore; files: FileStore };

/**
 * `POST /workflows/run` and `POST /workflows/:workflow_id/run`. The run goes on when the client
 * leaves, and the ledger books it when it ends.
 * @see https://docs.dify.ai/api-reference/workflows/run-workflow
 */
export function createRunRoutes(stores: Stores): Route[] {
  const route = { method: 'POST', kind: 'workflow', paid: true } as const;
  const prepare = (call: Call): PreparedCall | Refusal => prepareRun(call, stores);
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

function prepareRun(call: Call, { world, runs, files }: Stores): PreparedCall | Refusal {
  const app = findApp(call.key);
  if (app.mode !== 'workflow') {
    const message = 'Please check if your app mode matches the right API route.';
    return { refusal: difyError(400, 'not_workflow_app', message) };
  }
  const body = readRunBody(call.json);
  if ('status' in body) return { refusal: body };
  const { inputs, user, streaming } = body;
  const foreign = files.findForeign(inputs, call.key, user);
  if (foreign !== undefined) return { refusal: invalidParam(`Invalid upload file: ${foreign}`) };
  const base = (runId: string): Record<string, unknown> => ({ workflow_run_id: runId });
  return {
    reservedTokens: countTokens(JSON.stringify(inputs).length),
    stream: streaming,
    answer: (exchange) => {
      const run = new Run({ app, user, inputs, base }, world.behaviour.for(call.key), world.clock);
      runs.add(run);
      return answerRun(exchange, run, {
        streaming,
        execute: () => executeWorkflow(run, voiceOf(run)),
        describe: () => describeAnswer(run),
        settle: () => settleRun(exchange, run),
      });
    },
  };
}

function voiceOf(run: Run): WorkflowVoice {
  return {
    text: run.behaviour.settings.reply ?? `You said: ${mainText(run.request.inputs)}`,
    say: (piece, { id }) =>
      run.publish('text_chunk', { data: { text: piece, from_variable_selector: [id, 'text'] } }),
    conclude: () => {},
    fail: () => {},
  };
}

function describeAnswer(run: Run): Reply {
  const data = run.status === 'paused' ? describePause(run) : describeRun(run);
  const body = { task_id: run.taskId, workflow_run_id: run.id, data };
  return { status: 200, body: JSON.stringify(body) };
}
