import type { Call } from '../../server/call.ts';
import type { PreparedCall, Route } from '../../server/dialect.ts';
import type { RunStore } from '../runs/run-store.ts';
import type { Run } from '../runs/run.ts';
import { serve } from '../../server/serve.ts';

const PAGE_SIZE = 20;

/**
 * `GET /workflows/logs`: runs of the app, newest first, filtered by status and end user. It is how
 * a caller finds a run whose first event was lost.
 * @see https://docs.dify.ai/api-reference/workflows/list-workflow-logs
 */
export function createLogRoute(runs: RunStore): Route {
  return {
    method: 'GET',
    path: '/workflows/logs',
    kind: 'run-logs',
    paid: false,
    prepare: (call) => listRuns(call, runs),
  };
}

function listRuns({ query, key }: Call, runs: RunStore): PreparedCall {
  const user = query.get('created_by_end_user_session_id');
  const status = query.get('status');
  const page = Number(query.get('page') ?? 1);
  const limit = Number(query.get('limit') ?? PAGE_SIZE);
  const matching = runs
    .list(key)
    .filter((run) => user === null || run.request.user === user)
    .filter((run) => status === null || run.status === status);
  const data = matching.slice((page - 1) * limit, page * limit).map(describeLog);
  const total = matching.length;
  return serve(200, { page, limit, total, has_more: total > page * limit, data });
}

function describeLog(run: Run): object {
  const { created, finished } = run.times;
  const { user } = run.request;
  return {
    id: run.taskId,
    workflow_run: {
      id: run.id,
      version: '1',
      status: run.status,
      error: run.error,
      elapsed_time: run.elapsedSeconds,
      total_tokens: run.totalTokens,
      total_steps: run.steps,
      created_at: created,
      finished_at: finished,
      exceptions_count: run.exceptions,
    },
    created_from: 'service-api',
    created_by_role: 'end_user',
    created_by_account: null,
    created_by_end_user: { id: user, type: 'service_api', is_anonymous: false, session_id: user },
    created_at: created,
  };
}
