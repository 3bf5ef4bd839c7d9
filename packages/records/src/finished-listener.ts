import type { Redis } from 'ioredis';

import type { RecordsContext } from './context.ts';

/** Called without arguments when a job may have ended: read its record to know. */
export type FinishedListener = () => void;

/** Listens for the ends of jobs. Ends the subscription when awaited; calling it twice is harmless. */
export type StopListening = () => Promise<void>;

export interface FinishedListeners {
  listen(jobId: string, listener: FinishedListener): Promise<StopListening>;
}

/**
 * Listens on one subscriber connection: a channel is subscribed while somebody waits for its job and once however many
 * wait. The nudge is a hint, never the truth: subscribe, then read the record, then wait. What was published while the
 * connection was down is lost, so after a reconnect every listener is called.
 */
export function createFinishedListeners(
  keys: RecordsContext['keys'],
  subscriber: Redis | undefined,
): FinishedListeners {
  const byChannel = new Map<string, Set<FinishedListener>>();
  subscriber?.on('message', (channel: string) => callAll(byChannel.get(channel)));
  if (subscriber) callAfterReconnect(subscriber, byChannel);
  return {
    async listen(jobId, listener) {
      if (!subscriber) throw new TypeError('onFinished needs the dependency `subscriber`');
      const channel = keys.ofJob(jobId)?.finishedChannel;
      if (channel === undefined) return async () => {};
      // A wrapper of its own, so that the same function may listen twice.
      const entry = () => listener();
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

/** Subscribes again before it calls, so that no end falls between the listener's look at the record and the nudge. */
function callAfterReconnect(
  subscriber: Redis,
  byChannel: ReadonlyMap<string, ReadonlySet<FinishedListener>>,
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
      () => byChannel.forEach(callAll),
      () => undefined,
    );
  });
}

function callAll(listeners: ReadonlySet<FinishedListener> | undefined): void {
  for (const listener of listeners ?? []) listener();
}
