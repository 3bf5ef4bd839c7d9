import {
  SluiceError,
  type FormAnswer,
  type UpstreamHandle,
  type WorkflowInput,
} from '@sluice/contracts';

import type { UpstreamCall } from '../adapter.ts';
import { bearerHeader } from '../http/api-key.ts';
import {
  badUpstream,
  callUpstream,
  type CallContext,
  type Reply,
  type UpstreamRequest,
} from '../http/call-upstream.ts';
import { isRecord } from '../http/error-fields.ts';
import type { HttpClient } from '../http/http-client.ts';
import { encodeForm } from '../http/multipart.ts';
import { appRoutes, type AppRoutes } from './app-routes.ts';
import type { AppRun, RunOutcome } from './app-run.ts';
import { convertRequest, kindOf } from './convert-request.ts';
import { judgeDify } from './judge-dify.ts';
import { runDetail, runLog, type RunDetail } from './run-detail.ts';
import { storedMessages } from './run-event.ts';

const stopDeadlineMs = 5_000;

/** The calls of Dify's API that a run needs, each one HTTP request. */
export class DifyApi {
  readonly context: CallContext;
  readonly #routes: AppRoutes;
  readonly #headers: Record<string, string>;

  constructor(http: HttpClient, call: Pick<UpstreamCall, 'target' | 'jobId' | 'signal'>) {
    const { target, signal } = call;
    this.context = { http, target, signal, judge: judgeDify };
    this.#routes = appRoutes[kindOf(call)];
    this.#headers = { ...bearerHeader(target), 'x-trace-id': call.jobId };
  }

  /**
   * Starts a run and reads its events.
   * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
   */
  async start(run: AppRun, input: WorkflowInput): Promise<Reply<RunOutcome>> {
    return await this.#readRun(run, {
      method: 'POST',
      path: this.#routes.start,
      headers: this.#headers,
      body: convertRequest({ ...run.call, input }),
      sendBy: run.call.sendBy,
    });
  }

  /** Attaches to a run: what it has done so far, then its events as they come. Dify before 1.14 answers 404. */
  async attach(run: AppRun, { run_id: runId = '', user }: UpstreamHandle) {
    const query = { user, include_state_snapshot: 'true' };
    return await this.#readRun(run, {
      method: 'GET',
      path: `/workflow/${encodeURIComponent(runId)}/events`,
      query: { ...query, ...(run.handle.isAnswered ? { continue_on_pause: 'true' } : {}) },
      headers: this.#headers,
    });
  }

  /** How a run stands now. Events may be lost, this is not. `onRaw` is told what Dify answered. */
  async detail(
    { run_id: runId = '' }: UpstreamHandle,
    onRaw?: UpstreamCall['onRaw'],
  ): Promise<Reply<RunDetail>> {
    const path = `/workflows/run/${encodeURIComponent(runId)}`;
    const request: UpstreamRequest = { method: 'GET', path, headers: this.#headers };
    return await callUpstream({ ...this.context, onRaw }, request, {
      document: (value) => {
        const parsed = runDetail.safeParse(value);
        if (parsed.success) return parsed.data;
        const text = JSON.stringify(value);
        throw badUpstream(this.context.target, 'sent something that is no workflow run', text);
      },
    });
  }

  /**
   * Hands in a person's answer. Resolves too when the form was answered before or its time is over: the run goes on.
   * @see https://docs.dify.ai/api-reference/human-input/submit-human-input-form
   */
  async submitForm({ form_token: token, inputs, action }: FormAnswer, user: string): Promise<void> {
    const path = `/form/human_input/${encodeURIComponent(token)}`;
    const body = { inputs, action, user };
    const request: UpstreamRequest = { method: 'POST', path, headers: this.#headers, body };
    try {
      await callUpstream(this.context, request, { document: () => undefined });
    } catch (error) {
      if (!(error instanceof SluiceError && error.upstreamStatus === 412)) throw error;
    }
  }

  /**
   * Uploads a file, and returns the id by which its user can name it.
   * @see https://docs.dify.ai/api-reference/files/upload-file
   */
  async uploadFile(form: FormData): Promise<string> {
    const { bytes, contentType } = await encodeForm(form);
    const headers = { ...this.#headers, 'content-type': contentType };
    const request: UpstreamRequest = { method: 'POST', path: '/files/upload', headers, bytes };
    const { value } = await callUpstream(this.context, request, {
      document: (uploaded) => {
        if (isRecord(uploaded) && typeof uploaded['id'] === 'string') return uploaded['id'];
        throw badUpstream(
          this.context.target,
          'took a file without naming it',
          JSON.stringify(uploaded),
        );
      },
    });
    return value;
  }

  /** Id of the newest run of `user`, of workflow apps only; undefined if there is none. */
  async newestRunOf(user: string): Promise<string | undefined> {
    const query = { created_by_end_user_session_id: user, limit: '1' };
    const { value } = await callUpstream(
      this.context,
      { method: 'GET', path: '/workflows/logs', query, headers: this.#headers },
      { document: (found) => runLog.safeParse(found).data?.data[0]?.workflow_run.id },
    );
    return value;
  }

  /** The text of a message as Dify stored it; undefined if it is not there. */
  async storedAnswer(handle: UpstreamHandle): Promise<string | undefined> {
    const { conversation_id: conversation, message_id: message, user } = handle;
    if (conversation === undefined || message === undefined) return undefined;
    const query = { conversation_id: conversation, user, limit: '100' };
    const { value } = await callUpstream(
      this.context,
      { method: 'GET', path: '/messages', query, headers: this.#headers },
      {
        document: (found) =>
          storedMessages.safeParse(found).data?.data.find(({ id }) => id === message)?.answer,
      },
    );
    return value ?? undefined;
  }

  /** Asks Dify to stop a run. Best effort, at most five seconds, never rejects: the call has failed already. */
  async stop({ task_id: taskId, user }: UpstreamHandle): Promise<void> {
    if (taskId === undefined) return;
    const context = { ...this.context, signal: AbortSignal.timeout(stopDeadlineMs) };
    const path = `${this.#routes.stop}/${encodeURIComponent(taskId)}/stop`;
    const request: UpstreamRequest = {
      method: 'POST',
      path,
      headers: this.#headers,
      body: { user },
    };
    await callUpstream(context, request, { document: () => undefined }).catch(() => undefined);
  }

  async #readRun(run: AppRun, request: UpstreamRequest): Promise<Reply<RunOutcome>> {
    const context = { ...this.context, onRaw: run.call.onRaw };
    return await callUpstream(context, request, {
      events: (head) => run.eventsOf(head),
      document: async (value, head) => await run.readDocument(value, head),
    });
  }
}
