import { SluiceError, type WorkflowResult } from '@sluice/contracts';
import type { EventSourceMessage } from 'eventsource-parser';

import type { Spent, WorkflowCall, WorkflowPause, WorkflowReply } from '../adapter.ts';
import type { BodyState } from '../http/body-reader.ts';
import { badUpstream, parseJson, type CallContext, type Reply } from '../http/call-upstream.ts';
import { errorFieldsOf, isRecord } from '../http/error-fields.ts';
import type { EventHandler } from '../http/event-reader.ts';
import type { ReplyHead } from '../http/exchange.ts';
import { requestIdOf, upstreamError } from '../http/upstream-error.ts';
import { Answer, type AnswerListener } from './answer.ts';
import { appRoutes, type AppRoutes } from './app-routes.ts';
import { convertOutcome, idsOf } from './convert-outcome.ts';
import { kindOf } from './convert-request.ts';
import { formsIn, settledNodeIn } from './human-input.ts';
import { NodeLedger } from './node-ledger.ts';
import { ProgressTeller } from './progress.ts';
import { runDetail, type RunDetail } from './run-detail.ts';
import { nodeData, runEvent, type RunEvent } from './run-event.ts';
import { RunHandle } from './run-handle.ts';

/** The end of a run, and the tokens that it says it used; or that it waits for a person. */
export type RunOutcome =
  | { isPaused: true }
  | { isPaused?: false; result: WorkflowResult; totalTokens: number | undefined };

const changesForms = new Set([
  'human_input_required',
  'human_input_form_filled',
  'human_input_form_timeout',
  'workflow_paused',
]);

/**
 * What is known of one run of an app, over all streams that tell of it. `handle` says how far it is.
 *
 * | kind of app             | ends with                                                       |
 * |-------------------------|-----------------------------------------------------------------|
 * | workflow                | `workflow_finished`                                             |
 * | chatflow                | `message_end` and `workflow_finished`, in any order; a failed or attached one with the latter |
 * | chat, agent, completion | `message_end`                                                   |
 * | any                     | `error`, and a workflow or chatflow with `workflow_paused`      |
 */
export class AppRun {
  readonly call: WorkflowCall;
  readonly routes: AppRoutes;
  readonly handle: RunHandle;
  readonly answer: Answer;
  /** Dify has told how this ended: what is thrown is its word, not a broken connection. */
  isClosed = false;
  /** Events may have been lost: the run was not followed from its start without a gap. */
  hasGaps: boolean;
  /** Its events were asked for: a pause without a form has none that could still be learned. */
  wasAttached = false;
  readonly #context: CallContext;
  readonly #ledger = new NodeLedger();
  readonly #progress: ProgressTeller;
  #end: RunDetail | undefined;
  #isPaused = false;

  constructor({ context }: { context: CallContext }, call: WorkflowCall) {
    const kind = kindOf(call);
    this.call = call;
    this.routes = appRoutes[kind];
    this.answer = new Answer(kind, this.#listener());
    this.handle = new RunHandle(call, this.routes);
    this.hasGaps = call.resume !== undefined;
    this.#context = context;
    this.#progress = new ProgressTeller(call.onProgress);
  }

  /** Of a run that was not followed throughout no pieces are told: the whole text is, in its result. */
  #listener(): AnswerListener {
    const { onDelta, onReplace } = this.call;
    return {
      onDelta: (delta) => {
        if (!this.hasGaps) onDelta?.(delta);
      },
      onReplace: (delta) => {
        if (!this.hasGaps) onReplace?.(delta);
      },
    };
  }

  /** Reads one stream of the run's events. */
  eventsOf(head: ReplyHead): EventHandler<RunOutcome> {
    return {
      onEvent: (event) => this.#onEvent(event, head),
      end: () => {
        const outcome = this.#outcome();
        if (outcome) return outcome;
        const { name } = this.#context.target.provider;
        throw new SluiceError('upstream_truncated', `the events of ${name} ended before the run`);
      },
    };
  }

  /** Reads a run from a reply that is not streamed although it was asked to be. */
  async readDocument(value: unknown, head: ReplyHead): Promise<RunOutcome> {
    if (isRecord(value) && 'code' in value && 'message' in value) throw this.#errorOf(value, head);
    const isAnswer = isRecord(value) && typeof value['answer'] === 'string';
    if (this.routes.hasMessage && !isAnswer) throw this.#notARun(value);
    const events = this.routes.hasMessage ? ['message', 'message_end'] : ['workflow_finished'];
    for (const event of events) {
      const parsed = runEvent.safeParse(isRecord(value) && { ...value, event });
      if (parsed.success) await this.#keepThenApply(parsed.data, head);
    }
    if (this.answer.isWhole) this.#end ??= { status: 'succeeded' };
    const outcome = this.#outcome();
    if (outcome) return outcome;
    throw this.#notARun(value);
  }

  /** The reply for the run's end. `reply` is the one that told it. */
  conclude({ value, headers }: Reply<RunOutcome>): WorkflowReply | WorkflowPause {
    const upstreamRequestId = requestIdOf(headers);
    if (value.isPaused) return { pause: { forms: this.handle.forms }, upstreamRequestId };
    const known = this.hasGaps ? value.totalTokens : undefined;
    const { answer } = this;
    const said = this.routes.hasMessage ? answer.fields() : {};
    return {
      result: { ...value.result, ...said },
      usage: answer.usage() ?? this.#ledger.usage(value.totalTokens),
      costUsd: this.#ledger.costUsd(known) ?? answer.costUsd(),
      upstreamRequestId,
    };
  }

  /** The end or pause that a run's detail tells; undefined while it runs, and while more may be learned of a pause. */
  outcomeOf(detail: RunDetail): RunOutcome | undefined {
    if (detail.status === 'paused') return this.#pauseIfKnown();
    const result = convertOutcome(detail, this.handle.value);
    return result && { result, totalTokens: detail.total_tokens ?? undefined };
  }

  #onEvent(message: EventSourceMessage, head: ReplyHead): BodyState | Promise<BodyState> {
    if (message.event === 'ping' || message.data === '') return 'waiting';
    const value = parseJson(message.data, this.#context.target);
    const parsed = runEvent.safeParse(value);
    if (!parsed.success) throw this.#notARun(value);
    if (parsed.data.event === 'ping') return 'waiting';
    const isKnown = this.handle.isKnown && !changesForms.has(parsed.data.event);
    return isKnown ? this.#apply(parsed.data, head) : this.#keepThenApply(parsed.data, head);
  }

  /** The handle is stored before anything else is done: whatever happens next, this run is found again. */
  async #keepThenApply(event: RunEvent, head: ReplyHead): Promise<BodyState> {
    if (!this.handle.isKnown) await this.handle.learn(event);
    await this.handle.addForms(formsIn(event, this.#context.http.clock.now()));
    const settled = settledNodeIn(event);
    if (settled !== undefined) await this.handle.settleNode(settled);
    if (event.event === 'workflow_paused') await this.handle.keepSpent(this.#spent());
    return this.#apply(event, head);
  }

  #apply(event: RunEvent, head: ReplyHead): BodyState {
    this.#progress.tell(event);
    this.answer.apply(event);
    switch (event.event) {
      case 'node_finished':
        this.#ledger.add(nodeData.parse(isRecord(event.data) ? event.data : {}));
        this.call.onSpent?.(this.#spent());
        break;
      case 'workflow_finished':
        this.#finish(event);
        break;
      case 'workflow_paused':
        // Told again of a pause that was just answered.
        this.#isPaused = this.handle.forms.length > 0 || !this.handle.isAnswered;
        break;
      case 'error':
        throw this.#errorOf(event, head);
      case 'tts_message':
      case 'tts_message_end':
        return 'waiting';
      default:
    }
    return this.#isPaused || this.#isOver() ? 'done' : 'progress';
  }

  #spent(): Spent {
    const usage = this.#ledger.usage(undefined);
    return { usage, costUsd: this.#ledger.costUsd(undefined) };
  }

  #finish(event: RunEvent): void {
    const detail = runDetail.safeParse(event.data);
    if (!detail.success || !this.outcomeOf(detail.data)) throw this.#notARun(event);
    this.#end = detail.data;
  }

  /** Nothing more will come; see the table above. */
  #isOver(): boolean {
    const { hasRun, hasMessage } = this.routes;
    const isGood = this.#end?.status === 'succeeded' || this.#end?.status === 'partial-succeeded';
    const awaitsMessage = hasMessage && isGood && !this.hasGaps && !this.answer.isWhole;
    this.isClosed = hasRun ? this.#end !== undefined && !awaitsMessage : this.answer.isWhole;
    return this.isClosed;
  }

  #outcome(): RunOutcome | undefined {
    if (this.#isPaused) return { isPaused: true };
    if (this.#end) return this.outcomeOf(this.#end);
    if (this.routes.hasRun || !this.answer.isWhole) return undefined;
    return { result: this.#answered(), totalTokens: this.answer.usage()?.total_tokens };
  }

  #answered(): WorkflowResult {
    const { answer = '' } = this.answer.fields();
    const totalTokens = this.answer.usage()?.total_tokens;
    return {
      type: 'workflow',
      status: 'succeeded',
      outputs: { answer },
      error: null,
      ...idsOf(this.handle.value),
      ...(totalTokens !== undefined && { total_tokens: totalTokens }),
    };
  }

  #pauseIfKnown(): RunOutcome | undefined {
    const isKnown = this.handle.forms.length > 0 || (this.wasAttached && !this.handle.isAnswered);
    return isKnown ? { isPaused: true } : undefined;
  }

  #errorOf(value: unknown, head: ReplyHead): SluiceError {
    this.isClosed = true;
    const { target, judge, http } = this.#context;
    const fields = errorFieldsOf(value);
    return upstreamError({ target, judge, nowMs: http.clock.now() }, head, fields);
  }

  #notARun(value: unknown): SluiceError {
    const text = JSON.stringify(value);
    return badUpstream(this.#context.target, 'sent something that tells of no run', text);
  }
}
