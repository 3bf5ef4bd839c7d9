import type { SluiceError } from '@sluice/contracts';

/**
 * What `work` comes to, or the error that `late` makes when it takes longer than `ms`. The work itself goes on. One promise
 * and one timer, because the accept path goes through here.
 */
export function withDeadline<Value>(
  work: Promise<Value>,
  ms: number,
  late: () => SluiceError,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
