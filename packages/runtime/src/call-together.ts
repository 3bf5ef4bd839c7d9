import type { Redis } from 'ioredis';

import { writeSoFar, writeTogether } from './write-together.ts';

/** One call of a script that waits for the end of the turn. */
export interface ScriptCall {
  keys: readonly string[];
  args: readonly (string | number | Buffer)[];
}

interface Waiting extends ScriptCall {
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** Calls that may go together: those that were made with the same object. */
export interface CallGroup {
  /** Runs calls of one shape and returns a reply or an `Error` for each, in their order. */
  run(redis: Redis, calls: readonly ScriptCall[]): Promise<readonly unknown[]>;
  /** Leaves behind all groups of its turn that are not last. */
  isLast: boolean;
  /** As soon as so many calls wait, all that wait leave. */
  leavesAt?: number | undefined;
}

/** Acts in one step of Redis at most: the longest holds others up for about a millisecond. */
const mostTogether = 16;

/** Of each connection: the groups of this turn of the event loop, in the order of their first calls, and their calls by shape. */
const turns = new WeakMap<Redis, Map<CallGroup, Map<string, Waiting[]>>>();

/**
 * Collects the calls of one turn of the event loop and runs those of one `group` together, as one command: a command costs
 * Redis and this process about 12 µs each before it does anything, as much as most acts. They leave at the end of the turn,
 * or before any other script of the connection ({@link sendTogether}); a call that must come after another one of the turn
 * is of a group that is last, or awaits it.
 */
export function callTogether(redis: Redis, group: CallGroup, call: ScriptCall): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const groups = turns.get(redis) ?? startTurn(redis);
    let shapes = groups.get(group);
    if (!shapes) groups.set(group, (shapes = new Map()));
    const shape = shapeOf(call);
    let waiting = shapes.get(shape);
    if (!waiting) shapes.set(shape, (waiting = []));
    waiting.push({ keys: call.keys, args: call.args, resolve, reject });
    if (waiting.length === group.leavesAt) {
      sendTogether(redis);
      writeSoFar(redis);
    }
  });
}

/** What stands in one command has as many keys and arguments, and keys in one slot of a cluster. */
function shapeOf({ keys, args }: ScriptCall): string {
  const [first = ''] = keys;
  const hashTag = first.slice(first.indexOf('{'), first.indexOf('}'));
  return `${keys.length} ${args.length} ${hashTag}`;
}

function startTurn(redis: Redis): Map<CallGroup, Map<string, Waiting[]>> {
  const groups = new Map<CallGroup, Map<string, Waiting[]>>();
  turns.set(redis, groups);
  writeTogether(redis, () => {
    if (turns.get(redis) === groups) sendTogether(redis);
  });
  return groups;
}

/** Sends what waits for the end of the turn now, so that what is sent next comes after it. */
export function sendTogether(redis: Redis): void {
  const groups = turns.get(redis);
  if (!groups) return;
  turns.delete(redis);
  sendAll(redis, groups, false);
  sendAll(redis, groups, true);
}

function sendAll(
  redis: Redis,
  groups: Map<CallGroup, Map<string, Waiting[]>>,
  last: boolean,
): void {
  for (const [group, shapes] of groups) {
    if (group.isLast !== last) continue;
    for (const waiting of shapes.values()) send(redis, group, waiting);
  }
}

function send(redis: Redis, group: CallGroup, waiting: readonly Waiting[]): void {
  for (let i = 0; i < waiting.length; i += mostTogether) {
    // Settles its calls and never rejects.
    void answer(redis, group, waiting.slice(i, i + mostTogether));
  }
}

async function answer(redis: Redis, group: CallGroup, calls: readonly Waiting[]): Promise<void> {
  try {
    const replies = await group.run(redis, calls);
    calls.forEach(({ resolve, reject }, i) => {
      const reply = replies[i];
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });
  } catch (error) {
    for (const { reject } of calls) reject(error);
  }
}
