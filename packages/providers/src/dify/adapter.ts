import type { ProviderAdapter, WorkflowCall, WorkflowReply } from '../adapter.ts';
import type { HttpClient } from '../http/http-client.ts';
import { DifyApi } from './dify-api.ts';
import { resumeRun, startRun } from './follow-run.ts';
import { WorkflowRun } from './workflow-run.ts';

/** Dify's workflow apps: the target's key is the app. */
export function createDifyAdapter(http: HttpClient): ProviderAdapter {
  return { workflow: async (call) => await runWorkflow(http, call) };
}

/**
 * Starts a run, or attaches to the one in `resume`, and returns how it ended: a run that failed or was stopped is a reply,
 * not an error. A run that nobody will come back for is stopped: the call was aborted, or the run's handle could not be
 * stored. A worker that goes away (`interrupted`) leaves it running for the next one.
 */
async function runWorkflow(http: HttpClient, call: WorkflowCall): Promise<WorkflowReply> {
  const api = new DifyApi(http, call);
  const run = new WorkflowRun(api, call);
  try {
    return await (call.resume ? resumeRun(api, run, call.resume) : startRun(api, run));
  } catch (error) {
    if (run.handle && mustStop(call, run)) await api.stop(run.handle);
    throw error;
  }
}

function mustStop({ signal }: WorkflowCall, run: WorkflowRun): boolean {
  if (!signal.aborted) return run.isUnrecorded;
  const reason: unknown = signal.reason;
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  return code !== 'interrupted';
}
