import type { UpstreamHandle } from '@sluice/contracts';

import type { WorkflowCall } from '../adapter.ts';
import { bearerHeader } from '../http/api-key.ts';
import {
  badUpstream,
  callUpstream,
  type CallContext,
  type Reply,
  type UpstreamRequest,
} from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { convertRequest } from './convert-request.ts';
import { judgeDify } from './judge-dify.ts';
import { runDetail, type RunDetail } from './run-detail.ts';
import type { RunOutcome, WorkflowRun } from './workflow-run.ts';

const stopDeadlineMs = 5_000;

/** The calls of Dify's API that a run needs, each one HTTP request. */
export class DifyApi {
  readonly context: CallContext;
  readonly #call: WorkflowCall;
  readonly #headers: Record<string, string>;

  constructor(http: HttpClient, call: WorkflowCall) {
    const { target, signal } = call;
    this.#call = call;
    this.context = { http, target, signal, judge: judgeDify };
    this.#headers = { ...bearerHeader(target), 'x-trace-id': call.jobId };
  }

  /**
   * Starts a run and reads its events.
   * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
   */
  async start(run: WorkflowRun): Promise<Reply<RunOutcome>> {
    return await this.#readRun(run, {
      method: 'POST',
      path: '/workflows/run',
      headers: this.#headers,
      body: convertRequest(this.#call),
      sendByMs: this.#call.sendByMs,
    });
  }

  /** Attaches to a run: what it has done so far, then its events as they come. Dify before 1.14 answers 404. */
  async attach(run: WorkflowRun, { run_id, user }: UpstreamHandle): Promise<Reply<RunOutcome>> {
    return await this.#readRun(run, {
      method: 'GET',
      path: `/workflow/${encodeURIComponent(run_id)}/events`,
      query: { user, include_state_snapshot: 'true' },
      headers: this.#headers,
    });
  }

  /** How a run stands now. Events may be lost, this is not. */
  async detail({ run_id }: UpstreamHandle): Promise<Reply<RunDetail>> {
    const path = `/workflows/run/${encodeURIComponent(run_id)}`;
    const request: UpstreamRequest = { method: 'GET', path, headers: this.#headers };
    return await callUpstream(this.context, request, {
      document: (value) => {
        const parsed = runDetail.safeParse(value);
        if (parsed.success) return parsed.data;
        const text = JSON.stringify(value);
        throw badUpstream(this.context.target, 'sent something that is no workflow run', text);
      },
    });
  }

  /** Asks Dify to stop a run. Best effort, at most five seconds, never rejects: the call has failed already. */
  async stop({ task_id, user }: UpstreamHandle): Promise<void> {
    const context = { ...this.context, signal: AbortSignal.timeout(stopDeadlineMs) };
    const path = `/workflows/tasks/${encodeURIComponent(task_id)}/stop`;
    const request: UpstreamRequest = {
      method: 'POST',
      path,
      headers: this.#headers,
      body: { user },
    };
    await callUpstream(context, request, { document: () => undefined }).catch(() => undefined);
  }

  async #readRun(run: WorkflowRun, request: UpstreamRequest): Promise<Reply<RunOutcome>> {
    return await callUpstream(this.context, request, {
      events: (head) => run.eventsOf(head),
      document: async (value, head) => await run.readDocument(value, head),
    });
  }
}
