import type { ChaosLedger } from './chaos-ledger.ts';
import { interruptionsOf, type Verdict } from './check-ledger.ts';

const bounds = [2, 4, 6, 8, 10, 12, 14, 16, 20, 30, Number.POSITIVE_INFINITY];

/** The verdicts and what the run looked like, as a table for a terminal or a page. */
export function describeChaos(ledger: ChaosLedger, verdicts: readonly Verdict[]): string {
  const acts = Map.groupBy(ledger.of('act'), ({ act }) => act);
  const counted = [...acts].map(([act, lines]) => `${lines.length} × ${act}`).toSorted();
  return [
    `acts: ${counted.join(', ') || 'none'}`,
    '',
    ...verdictTable(verdicts),
    '',
    ...refusals(ledger),
    ...firstCompletions(ledger),
    ...recoveries(ledger),
  ].join('\n');
}

/** One line for each, and the first breaches of those that do not hold. */
export function verdictTable(verdicts: readonly Verdict[]): string[] {
  const width = Math.max(...verdicts.map(({ name }) => name.length));
  return verdicts.flatMap(({ name, seen, breaches }) => [
    `${breaches.length === 0 ? 'holds ' : 'BROKEN'}  ${name.padEnd(width)}  ${seen}`,
    ...breaches.slice(0, 5).map((breach) => `          ${breach}`),
    ...(breaches.length > 5 ? [`          … and ${breaches.length - 5} more`] : []),
  ]);
}

function refusals(ledger: ChaosLedger): string[] {
  const answers = ledger.of('refused').filter(({ status }) => status === 503);
  const silent = ledger.of('refused').length - answers.length;
  const times = sorted(answers.map(({ durationMs }) => durationMs));
  const withRetryAfter = answers.filter(({ hasRetryAfter }) => hasRetryAfter).length;
  return [
    `503: ${answers.length} (${withRetryAfter} with Retry-After), p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms; ` +
      `connections refused or cut: ${silent}`,
  ];
}

/** From the moment Redis answers again to the first job that ends. */
function firstCompletions(ledger: ChaosLedger): string[] {
  const ends = sorted(ledger.of('result').map(({ job }) => Date.parse(job.ended_at ?? '')));
  const delays = ledger.of('redis_back').flatMap(({ atMs }) => {
    const next = ends.find((end) => end >= atMs);
    return next === undefined ? [] : [next - atMs];
  });
  const times = sorted(delays);
  return [
    `Redis back to the first job that ends: n ${times.length}, p50 ${at(times, 0.5)} ms, max ${at(times, 1)} ms`,
  ];
}

/** From the kill of a worker to the moment when another takes over what it ran; nothing where none was killed. */
function recoveries(ledger: ChaosLedger): string[] {
  const kills = ledger.of('act').filter(({ act }) => act === 'kill_worker');
  const seconds = ledger.of('result').flatMap(({ job }) =>
    interruptionsOf(job).flatMap((foundMs) => {
      const kill = kills.findLast(({ atMs }) => atMs < foundMs - 3_000);
      return kill ? [(foundMs - kill.atMs) / 1_000] : [];
    }),
  );
  if (kills.length === 0) return [];
  const times = sorted(seconds);
  const head = `takeovers after the kill of a worker: n ${times.length}, p50 ${at(times, 0.5)} s, max ${at(times, 1)} s`;
  let lower = 0;
  const rows = bounds.map((upper) => {
    const count = times.filter((time) => time >= lower && time < upper).length;
    const label = Number.isFinite(upper) ? `${lower}–${upper} s` : `over ${lower} s`;
    lower = upper;
    return { label, count };
  });
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return [
    '',
    head,
    ...rows
      .filter(({ count }) => count > 0)
      .map(
        ({ label, count }) =>
          `${label.padStart(10)}  ${String(count).padStart(5)}  ${'█'.repeat(Math.ceil((count / most) * 40))}`,
      ),
  ];
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

/** The value at a part of a sorted list; `-` for an empty one. */
function at(numbers: readonly number[], part: number): string {
  const value = numbers[Math.min(numbers.length - 1, Math.floor(part * numbers.length))];
  return value === undefined ? '-' : String(Math.round(value * 10) / 10);
}
