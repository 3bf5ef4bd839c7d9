import type { Redis } from 'ioredis';

import { writeSoFar, writeTogether } from './write-together.ts';

/** One call of a script that waits for the end of the turn. */
export interface ScriptCall {
  keys: readonly string[];
  args: readonly (string | number | Buffer)[];
}

/** Runs calls of one script, whose keys share a hash slot, and returns a reply or an `Error` for each, in their order. */
export type RunCalls = (calls: readonly ScriptCall[]) => Promise<readonly unknown[]>;

interface Waiting extends ScriptCall {
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** Calls that go together. */
export interface CallGroup {
  name: string;
  /** Leaves behind all groups of its turn that are not last. */
  isLast: boolean;
  /** As soon as so many calls wait, all that wait leave. */
  leavesAt?: number | undefined;
}

interface Group {
  isLast: boolean;
  run: RunCalls;
  waiting: Waiting[];
}

/** Acts in one step of Redis at most: the longest holds others up for about a millisecond. */
const mostTogether = 16;

/** Of each connection: the groups of this turn of the event loop, in the order of their first calls. */
const turns = new WeakMap<Redis, Map<string, Group>>();

/**
 * Collects the calls of one turn of the event loop and runs those of one `group` together, as one command: a command costs
 * Redis and this process about 12 µs each before it does anything, as much as most acts. They leave at the end of the turn,
 * or before any other script of the connection ({@link sendTogether}); a call that must come after another one of the turn
 * is of a group that is last, or awaits it.
 */
export async function callTogether(
  redis: Redis,
  { name, isLast, leavesAt = Number.POSITIVE_INFINITY }: CallGroup,
  call: ScriptCall,
  run: RunCalls,
): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const waiting = { ...call, resolve, reject };
    const groups = turns.get(redis) ?? startTurn(redis);
    const existing = groups.get(name);
    if (existing) existing.waiting.push(waiting);
    else groups.set(name, { isLast, run, waiting: [waiting] });
    if (existing && existing.waiting.length >= leavesAt) {
      sendTogether(redis);
      writeSoFar(redis);
    }
  });
}

function startTurn(redis: Redis): Map<string, Group> {
  const groups = new Map<string, Group>();
  turns.set(redis, groups);
  writeTogether(redis, () => {
    if (turns.get(redis) === groups) sendTogether(redis);
  });
  return groups;
}

/** Sends what waits for the end of the turn now, so that what is sent next comes after it. */
export function sendTogether(redis: Redis): void {
  const groups = [...(turns.get(redis)?.values() ?? [])];
  turns.delete(redis);
  const [last, first] = [
    groups.filter(({ isLast }) => isLast),
    groups.filter((each) => !each.isLast),
  ];
  for (const { run, waiting } of [...first, ...last]) {
    for (let i = 0; i < waiting.length; i += mostTogether) {
      // Settles its calls and never rejects.
      void answer(waiting.slice(i, i + mostTogether), run);
    }
  }
}

async function answer(calls: readonly Waiting[], run: RunCalls): Promise<void> {
  try {
    const replies = await run(calls);
    calls.forEach(({ resolve, reject }, i) => {
      const reply = replies[i];
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });
  } catch (error) {
    for (const { reject } of calls) reject(error);
  }
}
