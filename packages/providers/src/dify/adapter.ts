import type { ProviderAdapter, WorkflowCall, WorkflowPause, WorkflowReply } from '../adapter.ts';
import type { HttpClient } from '../http/http-client.ts';
import { AppRun } from './app-run.ts';
import { askApp } from './ask-app.ts';
import { checkCredentials } from './check-credentials.ts';
import { DifyApi } from './dify-api.ts';
import { followAgain, startRun } from './follow-run.ts';
import { stopRun } from './stop-run.ts';

/** Dify's apps: the target's key is the app, the target says of which kind it is. */
export function createDifyAdapter(http: HttpClient): ProviderAdapter {
  return {
    workflow: async (call) => await runApp(http, call),
    stop: async (call) => await stopRun(http, call),
    askApp: async (call) => await askApp(http, call),
    checkCredentials: async (call) => await checkCredentials(http, call),
  };
}

/**
 * Starts a run, or goes on with the one in `resume`, and returns how it ended: a run that failed or was stopped is a reply,
 * not an error. A run that nobody will come back for is stopped: the call was aborted, or the run's handle could not be
 * stored. A worker that goes away (`interrupted`) leaves it running for the next one.
 */
async function runApp(
  http: HttpClient,
  call: WorkflowCall,
): Promise<WorkflowReply | WorkflowPause> {
  const api = new DifyApi(http, call);
  const run = new AppRun(api, call);
  try {
    return await (call.resume ? followAgain(api, run, call.resume) : startRun(api, run));
  } catch (error) {
    if (run.handle.value && mustStop(call, run)) await api.stop(run.handle.value);
    throw error;
  }
}

function mustStop({ signal }: WorkflowCall, run: AppRun): boolean {
  if (!signal.aborted) return run.handle.isUnrecorded;
  const reason: unknown = signal.reason;
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  return code !== 'interrupted';
}
