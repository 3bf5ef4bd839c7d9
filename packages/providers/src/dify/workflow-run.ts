import { SluiceError, type UpstreamHandle, type WorkflowResult } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { WorkflowCall, WorkflowProgress, WorkflowReply } from '../adapter.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext, type Reply } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { requestIdOf, upstreamError } from '../http/upstream-error.ts';
import { convertOutcome } from './convert-outcome.ts';
import { userOf } from './convert-request.ts';
import { NodeLedger } from './node-ledger.ts';
import { runDetail, type RunDetail } from './run-detail.ts';
import { nodeData, runEvent, type NodeData, type RunEvent } from './run-event.ts';

/** The end of a run, and the tokens that it says it used. */
export interface RunOutcome {
  result: WorkflowResult;
  totalTokens: number | undefined;
}

/**
 * What is known of one run, over all streams that tell of it.
 *
 * | state    | begins with                             | what a broken stream means              |
 * |----------|-----------------------------------------|-----------------------------------------|
 * | unknown  | the POST                                | the error; nothing to attach to         |
 * | running  | the first event with both ids, or resume | ask for the run; it goes on without us |
 * | closed   | end, pause, error event                 | nothing, the last word was said         |
 */
export class WorkflowRun {
  handle: UpstreamHandle | undefined;
  /** The run has started but its handle could not be stored. */
  isUnrecorded = false;
  /** Dify has told how this ended: what is thrown is its word, not a broken connection. */
  isClosed = false;
  /** Events may have been lost: the run was not followed from its start without a gap. */
  hasGaps: boolean;
  readonly #context: CallContext;
  readonly #call: WorkflowCall;
  readonly #ledger = new NodeLedger();
  readonly #told = new Set<string>();
  #outcome: RunOutcome | undefined;

  constructor({ context }: { context: CallContext }, call: WorkflowCall) {
    this.#context = context;
    this.#call = call;
    this.handle = call.resume;
    this.hasGaps = call.resume !== undefined;
  }

  /** Reads one stream of the run's events. */
  eventsOf(head: ReplyHead): EventHandler<RunOutcome> {
    return {
      onEvent: (event) => this.#onEvent(event, head),
      end: () => {
        if (this.#outcome) return this.#outcome;
        const { name } = this.#context.target.provider;
        throw new SluiceError('upstream_truncated', `the events of ${name} ended before the run`);
      },
    };
  }

  /** Reads a run from a reply that is not streamed although it was asked to be. */
  async readDocument(value: unknown, head: ReplyHead): Promise<RunOutcome> {
    if (isRecord(value) && 'code' in value && 'message' in value) throw this.#errorOf(value, head);
    const event = runEvent.safeParse(isRecord(value) && { ...value, event: 'workflow_finished' });
    if (event.success) await this.#applyFirst(event.data, head);
    if (this.#outcome) return this.#outcome;
    throw this.#notARun(value);
  }

  /** The reply for the run's end. `reply` is the one that told it. */
  conclude({ value, headers }: Reply<RunOutcome>): WorkflowReply {
    return {
      result: value.result,
      usage: this.#ledger.usage(value.totalTokens),
      costUsd: this.#ledger.costUsd(this.hasGaps ? value.totalTokens : undefined),
      upstreamRequestId: requestIdOf(headers),
    };
  }

  /** The end that a run's detail tells; undefined while it runs. Throws `workflow_failed` if it waits for a person. */
  outcomeOf(detail: RunDetail): RunOutcome | undefined {
    if (detail.status === 'paused') throw this.#paused();
    const result = this.handle && convertOutcome(detail, this.handle);
    return result && { result, totalTokens: detail.total_tokens ?? undefined };
  }

  #onEvent(message: EventSourceMessage, head: ReplyHead): BodyState | Promise<BodyState> {
    if (message.event === 'ping' || message.data === '') return 'waiting';
    const value = parseJson(message.data, this.#context.target);
    const parsed = runEvent.safeParse(value);
    if (!parsed.success) throw this.#notARun(value);
    if (parsed.data.event === 'ping') return 'waiting';
    return this.handle ? this.#apply(parsed.data, head) : this.#applyFirst(parsed.data, head);
  }

  /** The handle is stored before anything else is done: whatever happens next, this run is found again. */
  async #applyFirst(event: RunEvent, head: ReplyHead): Promise<BodyState> {
    const { task_id: taskId, workflow_run_id: runId } = event;
    if (!this.handle && taskId && runId) {
      const { name } = this.#context.target.provider;
      const user = userOf(this.#call);
      this.handle = { provider: name, run_id: runId, task_id: taskId, user };
      this.isUnrecorded = true;
      await this.#call.onStarted(this.handle);
      this.isUnrecorded = false;
    }
    return this.#apply(event, head);
  }

  #apply(event: RunEvent, head: ReplyHead): BodyState {
    switch (event.event) {
      case 'node_started':
      case 'node_finished':
        this.#tellNode(event.event, nodeData.parse(isRecord(event.data) ? event.data : {}));
        return 'progress';
      case 'workflow_finished':
        return this.#finish(event);
      case 'workflow_paused':
        throw this.#paused();
      case 'error':
        throw this.#errorOf(event, head);
      default:
        return 'progress';
    }
  }

  #finish(event: RunEvent): BodyState {
    const detail = runDetail.safeParse(event.data);
    if (!detail.success) throw this.#notARun(event);
    this.#outcome = this.outcomeOf(detail.data);
    if (!this.#outcome) throw this.#notARun(event);
    this.isClosed = true;
    return 'done';
  }

  /** Tells the caller once, however often streams repeat it. */
  #tellNode(type: WorkflowProgress['type'], node: NodeData): void {
    if (type === 'node_finished') this.#ledger.add(node);
    const key = `${type} ${node.id}`;
    if (node.id && this.#told.has(key)) return;
    this.#told.add(key);
    this.#call.onProgress({
      type,
      node_id: node.node_id ?? '',
      node_type: node.node_type ?? '',
      title: node.title ?? '',
      index: node.index ?? 0,
      ...(type === 'node_finished' && {
        ...(node.status && { status: node.status }),
        ...(typeof node.elapsed_time === 'number' && { elapsed_seconds: node.elapsed_time }),
      }),
    });
  }

  #paused(): SluiceError {
    this.isClosed = true;
    return new SluiceError(
      'workflow_failed',
      `the run ${this.handle?.run_id} on ${this.#context.target.provider.name} waits for a person's input, which Sluice cannot give`,
    );
  }

  #errorOf(value: unknown, head: ReplyHead): SluiceError {
    this.isClosed = true;
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, head, fields);
  }

  #notARun(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that tells of no workflow run', text);
  }
}
