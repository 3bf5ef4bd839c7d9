import type { SluiceError } from '@sluice/contracts';

/** What `work` comes to, or the error that `late` makes when it takes longer than `ms`. The work itself goes on. */
export async function withDeadline<Value>(
  work: Promise<Value>,
  ms: number,
  late: () => SluiceError,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
