import type { ChaosAct } from './plan-chaos.ts';

/** How Redis goes away: killed and restarted, stopped (SIGSTOP), or behind a network that fails with or without a word. */
type Outage = 'kill_redis' | 'pause_redis' | 'freeze' | 'cut';

/** Seconds of each kind. A lock lives 10 s: the longer ones outlive it. */
const matrix: Readonly<Record<Outage, readonly number[]>> = {
  kill_redis: [1, 5, 20, 27, 40, 90],
  pause_redis: [1, 5, 20, 40],
  freeze: [1, 5, 20],
  cut: [0, 0, 0],
};

const firstAtMs = 3_000;
/** Long enough for everything to be as before. */
const betweenMs = 8_000;

/** Every outage of the matrix, one after the other; none longer than `longestSeconds`. */
export function planOutages(longestSeconds: number): ChaosAct[] {
  const plan: ChaosAct[] = [];
  let atMs = firstAtMs;
  // The keys of the matrix.
  for (const kind of Object.keys(matrix) as Outage[]) {
    for (const seconds of matrix[kind].filter((each) => each <= longestSeconds)) {
      const ms = seconds * 1_000;
      plan.push(actOf(kind, atMs, ms));
      atMs += ms + betweenMs;
    }
  }
  return plan;
}

function actOf(kind: Outage, atMs: number, ms: number): ChaosAct {
  switch (kind) {
    case 'kill_redis':
      return { atMs, kind, downMs: ms };
    case 'pause_redis':
    case 'freeze':
      return { atMs, kind, forMs: ms };
    case 'cut':
      return { atMs, kind };
  }
}
