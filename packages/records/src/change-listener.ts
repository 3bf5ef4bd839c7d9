import type { Redis } from 'ioredis';

import type { RecordsContext } from './context.ts';

/**
 * Called when something may have happened to a job, `ended` when it may have ended: read its record to know. After a
 * connection was lost it may be either.
 */
export type ChangeListener = (ended: boolean) => void;

/** Is given the record of a job that has ended, its fields and their values in turn, right behind the news of it. */
export type TellListener = (pairs: readonly string[]) => void;

/** Ends the subscription when awaited; calling it twice is harmless. */
export type StopListening = () => Promise<void>;

export interface ChangeListeners {
  listen(jobId: string, listener: ChangeListener, onTold?: TellListener): Promise<StopListening>;
}

/**
 * Listens on one subscriber connection: a channel is subscribed while somebody follows its job and once however many
 * follow. The nudge is a hint, never the truth: subscribe, then read the record, then wait. What was published while the
 * connection was down is lost, so after a reconnect every listener is called.
 */
export function createChangeListeners(
  keys: RecordsContext['keys'],
  subscriber: Redis | undefined,
): ChangeListeners {
  const byChannel = new Map<string, Set<Listener>>();
  subscriber?.on('message', (channel: string, message: string) => {
    if (message.startsWith('[')) tellAll(byChannel.get(channel), message);
    else callAll(byChannel.get(channel), message !== '');
  });
  if (subscriber) callAfterReconnect(subscriber, byChannel);
  return {
    async listen(jobId, listener, onTold) {
      if (!subscriber) throw new TypeError('following jobs needs the dependency `subscriber`');
      const channel = keys.ofJob(jobId)?.channel;
      if (channel === undefined) return async () => {};
      // A wrapper of its own, so that the same function may listen twice.
      const entry: Listener = { call: listener, tell: onTold };
      const listeners = byChannel.get(channel) ?? new Set();
      byChannel.set(channel, listeners.add(entry));
      const stop = async () => {
        const wasLast = listeners.delete(entry) && listeners.size === 0;
        if (!wasLast || byChannel.get(channel) !== listeners) return;
        byChannel.delete(channel);
        await subscriber.unsubscribe(channel);
      };
      try {
        // Again for each listener: the reply says that the subscription stands, whoever made it first.
        await subscriber.subscribe(channel);
      } catch (error) {
        await stop().catch(() => undefined);
        throw error;
      }
      return stop;
    },
  };
}

interface Listener {
  call: ChangeListener;
  tell: TellListener | undefined;
}

/** Subscribes again before it calls, so that no end falls between the listener's look at the record and the nudge. */
function callAfterReconnect(
  subscriber: Redis,
  byChannel: ReadonlyMap<string, ReadonlySet<Listener>>,
): void {
  let lost = false;
  subscriber.on('close', () => {
    lost = true;
  });
  subscriber.on('ready', () => {
    if (!lost || byChannel.size === 0) return;
    lost = false;
    // Not awaited: an event has nobody to wait for it. A failure is a connection lost again, with a `ready` to follow.
    void subscriber.subscribe(...byChannel.keys()).then(
      () => byChannel.forEach((listeners) => callAll(listeners, true)),
      () => undefined,
    );
  });
}

function callAll(listeners: ReadonlySet<Listener> | undefined, ended: boolean): void {
  for (const { call } of listeners ?? []) call(ended);
}

/** Written by finish-job.lua. */
function tellAll(listeners: ReadonlySet<Listener> | undefined, message: string): void {
  const told = [...(listeners ?? [])].flatMap(({ tell }) => tell ?? []);
  if (told.length === 0) return;
  const pairs = JSON.parse(message) as string[];
  for (const tell of told) tell(pairs);
}
