import type {
  CompletedJob,
  TextDelta,
  TimelineEvent,
  WireStream,
  WorkflowResult,
} from '@sluice/contracts';
import {
  runData,
  runIdsOf,
  runIdsOfJob,
  runIn,
  secondsOf,
  type AskedRun,
  type RunIds,
} from '@sluice/dify';
import type { JobWithoutInput } from '@sluice/records';

import { difyError } from './errors.ts';

/** Dify's keep-alive: an event without data. */
export const pingFrame = 'event: ping\n\n';
export const pingEveryMs = 10_000;

/** What stands in an event of a node where Dify has what the node worked on: Sluice does not keep that. */
const untold = { inputs: null, inputs_truncated: true };
const untoldEnd = {
  ...untold,
  process_data: null,
  outputs: null,
  outputs_truncated: true,
  error: null,
  execution_metadata: null,
  files: [],
};

/** The steps of a run that are told, with the fields that a client may look for and the job's event lacks. */
const steps: Readonly<Record<string, Record<string, unknown>>> = {
  node_started: { ...untold, predecessor_node_id: null, extras: {} },
  node_finished: untoldEnd,
  node_retry: untoldEnd,
  iteration_started: { inputs: null, metadata: {}, extras: {} },
  iteration_next: { extras: {} },
  iteration_completed: { inputs: null, outputs: null, error: null, execution_metadata: null },
  loop_started: { inputs: null, metadata: {}, extras: {} },
  loop_next: { extras: {} },
  loop_completed: { inputs: null, outputs: null, error: null, execution_metadata: null },
  agent_log: { data: {}, metadata: {}, error: null, parent_id: null },
  human_input_required: {},
  human_input_form_filled: {},
  human_input_form_timeout: {},
};

/**
 * The events of a run in Dify's form: one line of JSON each, whose field `event` is its name.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
export class RunStream implements WireStream {
  readonly #asked: AskedRun;
  readonly #told = new Set<string>();
  #ids: RunIds;
  #createdAtMs = 0;
  #hasBegun = false;

  constructor(asked: AskedRun) {
    this.#asked = asked;
    this.#ids = runIdsOf(asked.jobId);
  }

  event({ type, at, data = {} }: TimelineEvent): string {
    if (type === 'queued' && this.#createdAtMs === 0) this.#createdAtMs = Date.parse(at);
    if (type === 'upstream_started') this.#ids = runIdsOf(this.#asked.jobId, data);
    if (type === 'workflow_started') return this.#begin(data);
    if (type === 'agent_thought') return this.#frame(type, thoughtOf(data, this.#ids.message));
    if (type === 'paused') return this.#frame('workflow_paused', { data: this.#pause() });
    const step = Object.hasOwn(steps, type) ? steps[type] : undefined;
    if (!step || this.#wasTold(type, data)) return '';
    return this.#frame(type, { data: { ...step, ...data } });
  }

  delta({ content, reasoning }: TextDelta): string {
    return (
      (reasoning ? this.#reasoningFrame(reasoning) : '') + (content ? this.#textFrame(content) : '')
    );
  }

  end(job: CompletedJob): string {
    const result = runIn(job);
    this.#ids = runIdsOfJob(job, result);
    const { kind } = this.#asked;
    const begin = this.#hasRun && !this.#hasBegun ? this.#begin({}) : '';
    const finished = this.#hasRun ? this.#finished(job, result) : '';
    return begin + (kind === 'workflow' ? '' : this.#messageEnd(result)) + finished;
  }

  error(error: Parameters<typeof difyError>[0], _requestId: string, job?: JobWithoutInput): string {
    const { result } = job ?? {};
    const failed =
      job && result?.type === 'workflow' && this.#hasRun ? this.#finished(job, result) : '';
    const { params: _params, ...told } = difyError(error);
    return failed + this.#frame('error', told);
  }

  get #hasRun(): boolean {
    return this.#asked.kind === 'workflow' || this.#asked.kind === 'chatflow';
  }

  /** Whoever takes a run over is told its steps once more. */
  #wasTold(type: string, { id, index }: Record<string, unknown>): boolean {
    if (id === undefined) return false;
    const key = JSON.stringify([type, id, index]);
    if (this.#told.has(key)) return true;
    this.#told.add(key);
    return false;
  }

  #begin(data: Record<string, unknown>): string {
    this.#hasBegun = true;
    if (this.#wasTold('workflow_started', { id: this.#ids.run })) return '';
    const { inputs } = this.#asked;
    const createdAt = secondsOf(this.#createdAtMs);
    const facts = { workflow_id: '', inputs, created_at: createdAt, reason: 'initial', ...data };
    return this.#frame('workflow_started', { data: { ...facts, id: this.#ids.run } });
  }

  #textFrame(text: string): string {
    if (this.#asked.kind === 'workflow') {
      return this.#frame('text_chunk', { data: { text, from_variable_selector: [] } });
    }
    const name = this.#asked.kind === 'agent' ? 'agent_message' : 'message';
    return this.#frame(name, { id: this.#ids.message, answer: text });
  }

  #reasoningFrame(reasoning: string): string {
    return this.#frame('reasoning_chunk', { data: { reasoning, is_final: false } });
  }

  #messageEnd({ metadata = {}, files = [] }: WorkflowResult): string {
    return this.#frame('message_end', { id: this.#ids.message, metadata, files });
  }

  #finished(job: JobWithoutInput, result: WorkflowResult): string {
    return this.#frame('workflow_finished', { data: runData(job, result, this.#ids) });
  }

  #pause() {
    return { workflow_run_id: this.#ids.run, status: 'paused', paused_nodes: [], reasons: [] };
  }

  #frame(event: string, fields: object): string {
    const { task, run, message, conversation } = this.#ids;
    const { kind } = this.#asked;
    const base = {
      event,
      task_id: task,
      ...(this.#hasRun && { workflow_run_id: run }),
      ...(kind !== 'workflow' && {
        message_id: message,
        ...(kind !== 'completion' && { conversation_id: conversation }),
        created_at: secondsOf(this.#createdAtMs),
      }),
    };
    return `data: ${JSON.stringify({ ...base, ...fields })}\n\n`;
  }
}

/** Of an agent the fields of a thought stand at the top. */
function thoughtOf(data: Record<string, unknown>, messageId: string): object {
  const usual = { id: messageId, position: 1, thought: '', observation: '', tool: '' };
  return { ...usual, tool_input: '', message_files: [], ...data };
}
