import type { BatchView } from '@sluice/contracts';

const width = 30;

/** One line: a bar, how many of how many lines have ended, and how many of them failed. */
export function drawProgress({ status, request_counts: counts }: BatchView): string {
  const { total, completed, failed } = counts;
  const ended = completed + failed;
  const full = total === 0 ? 0 : Math.floor((ended / total) * width);
  const bar = '█'.repeat(full) + '░'.repeat(width - full);
  return `${bar} ${ended}/${total} ${status}${failed > 0 ? `, ${failed} failed` : ''}`;
}
