import { isMet, type BenchReport } from './bench.ts';
import type { MachineFacts } from './machine-facts.ts';

export function describeMachine(facts: MachineFacts): string {
  const { cpu, cores, load, node, redis } = facts;
  return `${cores} cores (${cpu}), load ${load}, Node ${node}, Redis ${redis} (AOF everysec)`;
}

/** The table of a bench as text, numbers to the right, and below it whether the target was met. */
export function describeReport({ name, title, columns, rows, verdict }: BenchReport): string {
  const lines = [['', ...columns], ...rows.map((row) => [row.name, ...row.cells])];
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths?.[i] ?? 0) : cell.padStart(widths?.[i] ?? 0)))
      .join('  '),
  );
  return [`${name}: ${title}`, ...table, describeVerdict(verdict)].join('\n  ');
}

function describeVerdict(verdict: BenchReport['verdict']): string {
  const { metric, value, target } = verdict;
  const wanted = 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
  const aim = 'aim' in target ? `, aim ${target.aim}` : '';
  return `${isMet(verdict) ? 'pass' : 'MISS'}: ${metric} = ${value.toFixed(2)} (${wanted}${aim})`;
}
