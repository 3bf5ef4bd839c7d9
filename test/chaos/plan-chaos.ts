import { seededRandom } from './seeded-random.ts';

/** What is done to the system. Times are milliseconds since the start of the run. */
export type ChaosAct = { atMs: number } & (
  | { kind: 'kill_worker' | 'kill_api'; victim: number }
  | { kind: 'kill_redis'; downMs: number }
  | { kind: 'pause_redis'; forMs: number }
  | { kind: 'cut' }
  | { kind: 'freeze'; forMs: number }
);

export interface ChaosOptions {
  seed: number;
  jobs: number;
  /** `kill -9` of workers, API processes and Redis together; faults of the network come beside them. */
  kills: number;
  workers: number;
  apis: number;
  /** Mean time between two acts, milliseconds. */
  everyMs: number;
}

/** Of seven acts that do not kill a worker, how many are what. */
const otherActs = [
  'kill_api',
  'kill_api',
  'kill_redis',
  'cut',
  'cut',
  'pause_redis',
  'freeze',
] as const;
const workerShare = 0.6;
const firstAtMs = 1_000;

/** Everything that will be done to the system, in order: the same for the same options. */
export function planChaos(options: ChaosOptions): ChaosAct[] {
  const random = seededRandom(options.seed);
  const pick = (below: number) => Math.floor(random() * below);
  const plan: ChaosAct[] = [];
  let atMs = firstAtMs;
  for (let kills = 0; kills < options.kills;) {
    atMs += Math.round(options.everyMs * (0.4 + 1.2 * random()));
    const kind =
      random() < workerShare ? 'kill_worker' : (otherActs[pick(otherActs.length)] ?? 'cut');
    if (kind.startsWith('kill')) kills += 1;
    plan.push(actOf(kind, atMs, { options, pick }));
  }
  return plan;
}

type Kind = ChaosAct['kind'];

function actOf(
  kind: Kind,
  atMs: number,
  { options, pick }: { options: ChaosOptions; pick: (below: number) => number },
): ChaosAct {
  switch (kind) {
    case 'kill_worker':
      return { atMs, kind, victim: pick(options.workers) };
    case 'kill_api':
      return { atMs, kind, victim: pick(options.apis) };
    case 'kill_redis':
      return { atMs, kind, downMs: 100 + pick(2_500) };
    case 'pause_redis':
    case 'freeze':
      return { atMs, kind, forMs: 500 + pick(3_000) };
    case 'cut':
      return { atMs, kind };
  }
}
