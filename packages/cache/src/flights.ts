import type { Redis } from 'ioredis';

import { loadScript } from '@sluice/runtime';

import { keysOfScope } from './keys.ts';

const joinScript = loadScript(import.meta.url, 'join-flight');
const renewScript = loadScript(import.meta.url, 'renew-flight');
const landScript = loadScript(import.meta.url, 'land-flight');
const leaveScript = loadScript(import.meta.url, 'leave-flight');

/**
 * Longer than the ticket of a leader whose worker died takes to run again (15 s): the leader then goes on itself, with its
 * count of interruptions. Were another to lead at once, one request that kills its worker would kill one for every equal job.
 */
export const flightLeaseMs = 30_000;

/** How long a job is remembered that waits: longer than it goes without looking. */
const rememberMs = 120_000;

/** Equal jobs under way. */
export interface Flight {
  /** A tenant, or what all share. */
  scope: string;
  /** As `flightKey` makes it. */
  digest: string;
}

/** A job that waits, and where its ticket is. */
export interface Follower {
  jobId: string;
  lane: string;
  attempt: number;
  retry?: number;
}

export type Joined =
  | { kind: 'lead' }
  /** Another leads, and its lease goes on for so long. */
  | { kind: 'follow'; leader: string; leaseMs: number };

/**
 * One call for equal jobs that are under way, over all workers. The state of a flight, and what moves it; each move is one
 * script:
 *
 * | from              | act                                         | to                | what goes with it                    |
 * |-------------------|---------------------------------------------|-------------------|--------------------------------------|
 * | free              | join                                        | led by the job    |                                      |
 * | led by A          | join by A: its ticket runs again            | led by A          | a new lease                          |
 * | led by A          | join by B                                   | led by A          | B is noted; its ticket is put aside  |
 * | led by A, ended   | join by B: the lease is over, or A has ended| led by B          |                                      |
 * | led by A          | renew by A                                  | led by A          | a new lease                          |
 * | led by A          | land by A                                   | free              | those that wait are A's to end       |
 * | led by A          | leave by A                                  | free              | one of those that wait is hurried    |
 * | led by B          | renew, land, leave by A: it was too late    | led by B          | nothing                              |
 *
 * Invariants:
 * - Of equal jobs one at most has a lease: one call is under way, as long as workers renew what they hold.
 * - A reply is kept before its flight lands, and looked for after a flight was joined: whoever leads finds what was kept.
 * - Each that waits has its ticket aside, which looks again within 15 s: a hand-over that is lost costs time, never a job.
 */
export interface Flights {
  /** `endedLeader`: a leader whose job is known to have ended; it is not waited for. */
  join(flight: Flight, follower: Follower, endedLeader?: string): Promise<Joined>;
  /** `false`: another leads, or nobody. */
  renew(flight: Flight, jobId: string, leaseMs: number): Promise<boolean>;
  /** Those that waited, once. */
  land(flight: Flight, jobId: string): Promise<Follower[]>;
  /** Those that wait on. */
  leave(flight: Flight, jobId: string): Promise<Follower[]>;
}

export function createFlights({ redis, root }: { redis: Redis; root: string }): Flights {
  const keysOf = ({ scope, digest }: Flight) => {
    const keys = keysOfScope(root, scope);
    return [keys.flight(digest), keys.waiting(digest)];
  };
  return {
    async join(flight, follower, endedLeader = '') {
      const args = [
        follower.jobId,
        JSON.stringify(follower),
        flightLeaseMs,
        endedLeader,
        rememberMs,
      ];
      // The replies that join-flight.lua lists.
      const [kind, leader, leaseMs] = (await joinScript(redis, keysOf(flight), args)) as
        | ['lead', undefined?, undefined?]
        | ['follow', string, number];
      return kind === 'lead' ? { kind } : { kind, leader, leaseMs };
    },
    renew: async (flight, jobId, leaseMs) =>
      (await renewScript(redis, keysOf(flight).slice(0, 1), [jobId, Math.round(leaseMs)])) === 1,
    land: async (flight, jobId) => followersOf(await landScript(redis, keysOf(flight), [jobId])),
    leave: async (flight, jobId) => followersOf(await leaveScript(redis, keysOf(flight), [jobId])),
  };
}

/** Written by `join`. */
function followersOf(reply: unknown): Follower[] {
  return (reply as string[]).map((text) => JSON.parse(text) as Follower);
}
