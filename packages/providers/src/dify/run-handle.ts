import type { HumanInputForm, UpstreamHandle } from '@sluice/contracts';

import type { Spent, WorkflowCall } from '../adapter.ts';
import type { AppRoutes } from './app-routes.ts';
import { userOf } from './convert-request.ts';
import type { RunEvent } from './run-event.ts';

/** What finds a run again, and what the record has of it. */
export class RunHandle {
  /** As the record has it, or as it should have it when `isUnrecorded`. */
  value: UpstreamHandle | undefined;
  /** The run has started but that could not be stored. */
  isUnrecorded = false;
  readonly #call: WorkflowCall;
  /** Tokens of forms that were answered: events may still tell of them. */
  readonly #answered = new Set<string>();
  readonly #routes: AppRoutes;

  constructor(call: WorkflowCall, routes: AppRoutes) {
    this.value = call.resume;
    this.#call = call;
    this.#routes = routes;
  }

  /** Whether everything is known that events can tell. */
  get isKnown(): boolean {
    const { state, task_id: taskId, run_id: runId } = this.value ?? {};
    if (state !== 'started' || taskId === undefined) return false;
    return !this.#routes.hasRun || runId !== undefined;
  }

  /** Before the request leaves: from now on a run may exist. */
  async markSent(nowMs: number): Promise<void> {
    const provider = this.#call.target.provider.name;
    const user = userOf(this.#call);
    this.value = { provider, state: 'sent', user, sent_at_ms: nowMs };
    await this.#call.keepHandle(this.value);
  }

  /** It is certain that nothing was started, or what was started is given up. */
  async clear(): Promise<void> {
    this.value = undefined;
    await this.#call.keepHandle(undefined);
  }

  /** A run that was found by other means than its events. */
  async adopt(runId: string): Promise<void> {
    if (this.value) await this.#keep({ ...this.value, state: 'started', run_id: runId });
  }

  /** Takes the ids of an event, and stores them when they are complete. */
  async learn(event: RunEvent): Promise<void> {
    const runId = this.#routes.hasRun ? (event.workflow_run_id ?? this.value?.run_id) : undefined;
    const isComplete = event.task_id && (!this.#routes.hasRun || runId);
    if (!this.value || !isComplete || !event.task_id) return;
    const messageId = event.message_id ?? (this.#routes.hasMessage ? event.id : undefined);
    await this.#keep({
      ...this.value,
      state: 'started',
      task_id: event.task_id,
      ...(runId && { run_id: runId }),
      ...(event.conversation_id && { conversation_id: event.conversation_id }),
      ...(messageId && { message_id: messageId }),
    });
  }

  /** The forms that nobody has answered. */
  get forms(): HumanInputForm[] {
    return this.value?.forms ?? [];
  }

  /** Whether an answer was given in this call: the run may be paused for a moment yet. */
  get isAnswered(): boolean {
    return this.#answered.size > 0;
  }

  /** Adds the forms that are new; without their texts nobody could answer them. */
  async addForms(forms: readonly HumanInputForm[]): Promise<void> {
    const known = new Set([...this.#answered, ...this.forms.map((form) => form.form_token)]);
    const fresh = forms.filter((form) => !known.has(form.form_token));
    if (fresh.length > 0) await this.#keepForms([...this.forms, ...fresh]);
  }

  /** The forms of a node were answered, or their time is over. */
  async settleNode(nodeId: string): Promise<void> {
    const left = this.forms.filter((form) => form.node_id !== nodeId);
    if (left.length < this.forms.length) await this.#keepForms(left);
  }

  async settleForm(token: string): Promise<void> {
    this.#answered.add(token);
    await this.#keepForms(this.forms.filter((form) => form.form_token !== token));
  }

  /** Dify did not take the answer to a form. */
  async rejectAnswer(token: string, rejected: string): Promise<void> {
    await this.#keepForms(
      this.forms.map((form) => (form.form_token === token ? { ...form, rejected } : form)),
    );
  }

  /** The run waits for a person from now on: whoever stops it meanwhile knows what it had taken. */
  async keepSpent({ usage, costUsd }: Spent): Promise<void> {
    const spent = { ...(usage && { usage }), ...(costUsd !== undefined && { cost_usd: costUsd }) };
    if (this.value && (usage || costUsd !== undefined)) await this.#keep({ ...this.value, spent });
  }

  async #keepForms(forms: HumanInputForm[]): Promise<void> {
    if (this.value) await this.#keep({ ...this.value, forms });
  }

  async #keep(handle: UpstreamHandle): Promise<void> {
    this.value = handle;
    this.isUnrecorded = true;
    await this.#call.keepHandle(handle);
    this.isUnrecorded = false;
  }
}
