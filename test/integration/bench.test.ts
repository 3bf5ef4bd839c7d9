import { afterAll, beforeAll, expect, test } from 'vitest';

import { benchAccepts } from '../bench/accepts.ts';
import { isMet, type Bench } from '../bench/bench.ts';
import { lendBenchStack, startBenchStack, type BenchStack } from '../bench/bench-stack.ts';
import { benchJobs } from '../bench/jobs.ts';
import { benchLatency } from '../bench/latency.ts';
import { benchCache } from '../bench/cache.ts';
import { describeReport } from '../bench/print-report.ts';
import { benchWatchers } from '../bench/watchers.ts';
import { benchSync } from '../bench/sync.ts';
import { inTurn, median, medianRatio, quantile } from '../bench/statistics.ts';

let stack: BenchStack;
let lent: BenchStack;
beforeAll(async () => {
  stack = await startBenchStack();
  lent = lendBenchStack(stack);
});
afterAll(() => stack[Symbol.asyncDispose]());

/**
 * The smallest sizes: that the benches work and count what they say they count. Speed is never tested, so that one stack does
 * for all. The first one counts on that no worker runs.
 */
const benches: [name: string, bench: Bench, rows: number][] = [
  ['accepts', benchAccepts, 3],
  ['jobs', benchJobs, 3],
  ['latency', benchLatency, 3],
  ['cache', benchCache, 3],
  ['watchers', benchWatchers, 3],
  ['sync', benchSync, 5],
];

test.each(benches)(
  'the bench %s measures every way and prints a verdict',
  async (name, bench, rows) => {
    const report = await bench({ size: 'smoke', stack: lent });
    expect(report.name).toBe(name);
    expect(report.rows).toHaveLength(rows);
    for (const { cells } of report.rows) {
      expect(cells).toHaveLength(report.columns.length);
      // So few jobs may take no measurable CPU time: then a cell is no finite number.
      for (const cell of cells) expect(cell).toMatch(/^(-?\d+(\.\d+)?|-|NaN|-?Infinity)$/);
    }
    expect(report.verdict.value).toBeTypeOf('number');
    expect(describeReport(report)).toMatch(
      /^(accepts|jobs|latency|cache|watchers|sync): [^]*\n {2}(pass|MISS): /,
    );
  },
  90_000,
);

test('quantiles are values that were measured', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.99)).toBe(4);
  expect(quantile([], 0.5)).toBeNaN();
  expect(medianRatio([2, 9, 4], [1, 3, 1])).toBe(3);
});

test('two subjects are measured in turn, and each one first every other round', async () => {
  const order: string[] = [];
  const note = (name: string) => async () => order.push(name);
  expect(await inTurn(3, note('a'), note('b'))).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
  expect(order.join('')).toBe('abbaab');
});

test('a target is met at its bound, and an aim decides nothing', () => {
  const metric = 'ratio';
  expect(isMet({ metric, value: 0.8, target: { atLeast: 0.8, aim: 1.5 } })).toBe(true);
  expect(isMet({ metric, value: 0.79, target: { atLeast: 0.8 } })).toBe(false);
  expect(isMet({ metric, value: 10.1, target: { atMost: 10 } })).toBe(false);
});
