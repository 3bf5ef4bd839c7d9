import type { NativePart } from '@sluice/contracts';

import type { FileBatch, FileBatchDeps } from '../file/file-batch.ts';

/** Each pause is longer than the one before, up to so many of the first. */
const growth = 1.5;
const mostTimes = 12;

/** When the vendor is asked again: after a pause that grows each time. */
export function nextPause(
  { pauseMs }: Pick<NativePart, 'pauseMs'>,
  { clock, config }: Pick<FileBatchDeps, 'clock' | 'config'>,
): { nextMs: number; pauseMs: number } {
  const { pollMs } = config.batches;
  const grown = pauseMs === undefined ? pollMs : Math.min(pauseMs * growth, pollMs * mostTimes);
  return { nextMs: clock.now() + grown, pauseMs: grown };
}

/** A POST that buys leaves within this time of its mark in the record, or not at all. */
export function sendWithinMs({ config }: Pick<FileBatchDeps, 'config'>): number {
  return config.batches.pollMs;
}

/** So long after the mark, whatever has left has come to something at the vendor, if its sender is gone. */
export function settledAfterMs({ config }: Pick<FileBatchDeps, 'config'>): number {
  return 6 * config.batches.pollMs;
}

/** How long after its end a batch is waited for: OpenAI says that one may go on for ten minutes after it was cancelled. */
export const patienceMs = 900_000;

/** Whether the batch was cancelled, or ran out of time, so long ago that no vendor is waited for any more. */
export function isGivenUp(
  { fileBatch: { ending, cancellingAtMs }, startByMs }: FileBatch,
  { clock }: Pick<FileBatchDeps, 'clock'>,
): boolean {
  return ending !== undefined && clock.now() - (cancellingAtMs ?? startByMs) > patienceMs;
}
