import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { invalidParam, notFound } from '../errors.ts';
import { followRun } from '../runs/follow-run.ts';
import type { RunStore } from '../runs/run-store.ts';
import { namesUser } from '../read-run-request.ts';
import { serve } from '../../server/serve.ts';
import { describeDetail } from './describe-run.ts';

/**
 * `GET /workflows/run/:id`, `GET /workflow/:id/events`, `POST /workflows/tasks/:task_id/stop`.
 * @see https://docs.dify.ai/api-reference/workflows/get-workflow-run-detail
 */
export function createRunQueries(runs: RunStore): Route[] {
  return [
    {
      method: 'GET',
      path: '/workflows/run/:id',
      kind: 'run-detail',
      paid: false,
      prepare: ({ params, key }) => {
        const run = runs.find(params.id ?? '', key);
        if (run === undefined) return { refusal: notFound('Workflow run not found') };
        return serve(200, describeDetail(run));
      },
    },
    {
      method: 'GET',
      path: '/workflow/:id/events',
      kind: 'run-events',
      paid: false,
      prepare: (call) => prepareEvents(call, runs),
    },
    {
      method: 'POST',
      path: '/workflows/tasks/:taskId/stop',
      kind: 'stop',
      paid: false,
      prepare: ({ params, key, json }) => {
        if (!namesUser(json)) return { refusal: invalidParam('Arg user must be provided.') };
        runs.findTask(params.taskId ?? '', key)?.stop();
        return serve(200, { result: 'success' });
      },
    },
  ];
}

function prepareEvents(call: Call, runs: RunStore): PreparedCall | Refusal {
  const user = call.query.get('user');
  if (user === null || user === '') {
    return { refusal: invalidParam('Arg user must be provided.') };
  }
  const run = runs.find(call.params.id ?? '', call.key);
  if (run?.request.user !== user) return { refusal: notFound('Workflow run not found') };
  const from = call.query.get('include_state_snapshot') === 'true' ? 'snapshot' : 'live';
  const continueOnPause = call.query.get('continue_on_pause') === 'true';
  return {
    stream: true,
    answer: async (exchange) => {
      await followRun(exchange, run, { from, continueOnPause });
      exchange.settleByEnding();
    },
  };
}
