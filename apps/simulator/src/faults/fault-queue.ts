import { faultRuleSchema } from './fault-schema.ts';
import type { Fault, FaultRule, FaultScript } from './fault-schema.ts';

/** A rule in the queue, and how often it may still be used. */
export type QueuedFault = { id: number; hits: number; remaining: number; rule: FaultRule };

/** What a rule can look at. */
export type FaultSubject = {
  path: string;
  key: string | null;
  model: string | null;
  kind: string;
};

/** Faults in the order they were posted; the first that matches a call takes it. */
export class FaultQueue {
  #queue: { queued: QueuedFault; toSkip: number }[] = [];
  #lastId = 0;

  /** Appends a fault. Throws a ZodError for an invalid script. */
  add(script: FaultScript): QueuedFault {
    const rule = faultRuleSchema.parse(script);
    this.#lastId += 1;
    const queued = { id: this.#lastId, hits: 0, remaining: rule.times, rule };
    this.#queue.push({ queued, toSkip: rule.skip });
    return queued;
  }

  /** The fault for a call, if one is due; uses it up by one. */
  take(subject: FaultSubject, body: Buffer): Fault | undefined {
    for (const waiting of this.#queue) {
      const { queued } = waiting;
      if (queued.remaining === 0 || !matches(queued.rule, subject, body)) continue;
      if (waiting.toSkip > 0) {
        waiting.toSkip -= 1;
        continue;
      }
      queued.remaining -= 1;
      queued.hits += 1;
      waiting.toSkip = queued.rule.between;
      return queued.rule.fault;
    }
    return undefined;
  }

  /** All faults posted since the last clear, used up or not. */
  list(): QueuedFault[] {
    return this.#queue.map((waiting) => waiting.queued);
  }

  clear(): void {
    this.#queue = [];
  }
}

function matches({ match }: FaultRule, subject: FaultSubject, body: Buffer): boolean {
  return (
    (match.path === undefined || subject.path.includes(match.path)) &&
    (match.key === undefined || match.key === subject.key) &&
    (match.model === undefined || match.model === subject.model) &&
    (match.kind === undefined || match.kind === subject.kind) &&
    (match.bodyIncludes === undefined || body.includes(match.bodyIncludes))
  );
}
