import type { BenchStack } from './bench-stack.ts';

/** How much to measure. `full` is for numbers; `smoke` only shows that the bench works. */
export interface BenchOptions {
  size: 'full' | 'smoke';
  /** Rounds instead of the bench's own number. */
  rounds?: number | undefined;
  /** Lines of the large file, of benches that have one. */
  lines?: number | undefined;
  /** Folder for a CPU profile of every process that is measured. */
  profileDir?: string | undefined;
  /** A stack that is there already instead of one of the bench's own, which ends with it. */
  stack?: BenchStack | undefined;
}

/** A table and whether the target was met. */
export interface BenchReport {
  name: string;
  /** What was measured, in one line. */
  title: string;
  /** Name of each column but the first, which holds the names of the rows. */
  columns: string[];
  rows: { name: string; cells: string[] }[];
  verdict: {
    metric: string;
    value: number;
    target: { atLeast: number; aim?: number } | { atMost: number };
  };
  /** What the table was made from, for `--json`. */
  measured: unknown;
}

export type Bench = (options: BenchOptions) => Promise<BenchReport>;

/** Whether the target was met. The aim is a wish and decides nothing. */
export function isMet({ value, target }: BenchReport['verdict']): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}
