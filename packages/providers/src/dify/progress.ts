import { maxProgressText, type WorkflowCall, type WorkflowProgress } from '../adapter.ts';
import { isRecord } from '../http/error-fields.ts';
import type { RunEvent } from './run-event.ts';

/** A job's timeline keeps about 1,000 events; a run with a long loop must not push out how the job began. */
const maxEvents = 400;

/** Which fields of an event are worth telling, by the event's name. `elapsed_time` is seconds. */
const place = ['predecessor_node_id', 'iteration_id', 'loop_id', 'created_at'];
const node = ['id', 'node_id', 'node_type', 'title', 'index', ...place];
const end = ['status', 'error', 'elapsed_time', 'finished_at'];
const ended = [...node, ...end, 'execution_metadata'];
const container = ['id', 'node_id', 'node_type', 'title', 'created_at'];
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  workflow_started: ['id', 'workflow_id', 'reason', 'created_at'],
  node_started: node,
  node_finished: ended,
  node_retry: [...ended, 'retry_index'],
  iteration_started: container,
  iteration_next: [...container, 'index'],
  iteration_completed: [...container, ...end, 'steps'],
  loop_started: container,
  loop_next: [...container, 'index'],
  loop_completed: [...container, ...end, 'steps'],
  agent_log: ['id', 'node_id', 'label', 'status', 'error'],
  agent_thought: ['id', 'position', 'thought', 'tool'],
  human_input_required: ['form_id', 'node_id', 'node_title'],
  human_input_form_filled: ['node_id', 'node_title', 'action_id'],
  human_input_form_timeout: ['node_id', 'node_title'],
};

/** Tells the steps of a run: each once however often streams repeat it, small, and not more than 400. */
export class ProgressTeller {
  readonly #tell: WorkflowCall['onProgress'];
  readonly #told = new Set<string>();

  constructor(tell: WorkflowCall['onProgress']) {
    this.#tell = tell;
  }

  tell(event: RunEvent): void {
    const fields = Object.hasOwn(fieldsOf, event.event) ? fieldsOf[event.event] : undefined;
    if (!fields || this.#told.size > maxEvents) return;
    // The events of messages have their fields at the top.
    const source = isRecord(event.data) ? event.data : event;
    const data = pick(source, fields);
    const key = keyOf(event.event, data);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const isLast = this.#told.size > maxEvents;
    this.#tell(
      isLast ? { type: 'progress_cut', data: { after: maxEvents } } : progress(event, data),
    );
  }
}

/** Streams that are attached to again repeat a step, perhaps with other times. A thought grows under the same id. */
function keyOf(name: string, data: Record<string, unknown>): string {
  const isOne = data['id'] !== undefined && name !== 'agent_thought';
  return JSON.stringify([name, isOne ? [data['id'], data['index'], data['reason']] : data]);
}

function progress(event: RunEvent, data: Record<string, unknown>): WorkflowProgress {
  return { type: event.event, data };
}

/** What a node has taken. */
const spent = ['total_tokens', 'total_price', 'currency'];

/** Texts, numbers and nothing else: what a node works on may be large or secret. */
function pick(source: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const field of fields) {
    const value = source[field];
    if (field === 'execution_metadata' && isRecord(value)) picked[field] = pick(value, spent);
    if (typeof value === 'number') picked[field] = value;
    if (typeof value === 'string' && value !== '') picked[field] = value.slice(0, maxProgressText);
  }
  return picked;
}
