import type { Behaviour } from '../../behaviour/behaviour-book.ts';
import type { Clock } from '../../clock.ts';
import { noUsage } from '../../ledger/ledger.ts';
import type { App } from '../apps/app.ts';

/**
 * States of a run. `running` ⇄ `paused` until one of the others, which are final.
 * @see https://docs.dify.ai/api-reference/workflows/get-workflow-run-detail
 */
export type RunStatus =
  | 'running'
  | 'paused'
  | 'succeeded'
  | 'failed'
  | 'partial-succeeded'
  | 'stopped';

/** One event of a run, kept as JSON and as it goes over the wire. */
export type RunEvent = { name: string; text: string };

/** What a run is about. */
export type RunRequest = {
  app: App;
  user: string;
  inputs: Record<string, unknown>;
  /** Fields every event carries besides its name and task id. */
  base(runId: string): Record<string, unknown>;
};

/**
 * One run of an app. It lives by itself: whoever follows it reads its log of events with a cursor
 * of his own, and may leave or come back at any time.
 */
export class Run {
  readonly id: string;
  readonly taskId: string;
  readonly request: RunRequest;
  readonly behaviour: Behaviour;
  readonly startedAt: number;
  readonly events: RunEvent[] = [];
  readonly usage = noUsage();
  status: RunStatus = 'running';
  outputs: Record<string, unknown> | null = null;
  error: string | null = null;
  steps = 0;
  exceptions = 0;
  endedAt: number | undefined;
  /** The form a paused run waits for, or waited for. */
  form: { formToken: string; nodeId: string; nodeTitle: string } | undefined;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<AbortController>();
  readonly #resumed = new AbortController();

  constructor(request: RunRequest, behaviour: Behaviour, clock: Clock) {
    this.request = request;
    this.behaviour = behaviour;
    this.#clock = clock;
    this.id = clock.uuid();
    this.taskId = clock.uuid();
    this.startedAt = clock.now();
  }

  get isFinal(): boolean {
    return this.status !== 'running' && this.status !== 'paused';
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  get totalTokens(): number {
    return this.usage.inputTokens + this.usage.outputTokens;
  }

  /** Seconds from start to end, or until now. */
  get elapsedSeconds(): number {
    return ((this.endedAt ?? this.#clock.now()) - this.startedAt) / 1000;
  }

  /** Unix seconds of now, of the start, of the end. */
  get times(): { now: number; created: number; finished: number | null } {
    const toSeconds = (ms: number): number => Math.floor(this.#clock.toEpochMs(ms) / 1000);
    return {
      now: toSeconds(this.#clock.now()),
      created: toSeconds(this.startedAt),
      finished: this.endedAt === undefined ? null : toSeconds(this.endedAt),
    };
  }

  /** Appends an event and wakes all followers. */
  publish(name: string, fields: Record<string, unknown>): void {
    const { base } = this.request;
    const event = { event: name, task_id: this.taskId, ...base(this.id), ...fields };
    this.events.push({ name, text: `data: ${JSON.stringify(event)}\n\n` });
    this.#wake();
  }

  /** Ends the run; publish the last event before. */
  end(status: RunStatus): void {
    this.status = status;
    this.endedAt ??= this.#clock.now();
    this.#wake();
  }

  /** Asks the run to stop; it does so at its next step. */
  stop(): void {
    this.#stop.abort();
  }

  /** Lets a paused run go on. */
  resume(): void {
    this.#resumed.abort();
  }

  /** Works for a while; returns early when the run is stopped. */
  async work(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#stop.signal);
  }

  /** Waits for `resume` or `stop`. */
  async waitForResume(): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, this.#resumed.signal]);
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  /** Waits for an event past the cursor, a change of status, the timeout or the signal. */
  async waitForChange(cursor: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.events.length > cursor) return;
    const woken = new AbortController();
    this.#waiting.add(woken);
    await this.#clock.sleep(timeoutMs, AbortSignal.any([signal, woken.signal]));
    this.#waiting.delete(woken);
  }

  #wake(): void {
    for (const waiting of this.#waiting) waiting.abort();
    this.#waiting.clear();
  }
}
