import type { Run } from './run.ts';

const MAX_RUNS = 5000;

/** The runs of all apps; the oldest finished ones are forgotten. */
export class RunStore {
  readonly #byId = new Map<string, Run>();
  readonly #byTask = new Map<string, Run>();

  add(run: Run): void {
    this.#byId.set(run.id, run);
    this.#byTask.set(run.taskId, run);
    if (this.#byId.size > MAX_RUNS) this.#forgetOldest();
  }

  /** A run by its id, of one app only. */
  find(id: string, key: string): Run | undefined {
    const run = this.#byId.get(id);
    return run?.request.app.key === key ? run : undefined;
  }

  /** A run by its task id, of one app only. */
  findTask(taskId: string, key: string): Run | undefined {
    const run = this.#byTask.get(taskId);
    return run?.request.app.key === key ? run : undefined;
  }

  /** All runs of an app, newest first. */
  list(key: string): Run[] {
    return [...this.#byId.values()].filter((run) => run.request.app.key === key).toReversed();
  }

  /** Stops and forgets all. */
  clear(): void {
    for (const run of this.#byId.values()) run.stop();
    this.#byId.clear();
    this.#byTask.clear();
  }

  #forgetOldest(): void {
    for (const run of this.#byId.values()) {
      if (!run.isFinal) continue;
      this.#byId.delete(run.id);
      this.#byTask.delete(run.taskId);
      return;
    }
  }
}
