import type { KeepAs } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { CacheDeps } from './cache-deps.ts';
import type { Kept } from './cache.ts';
import type { CacheEntry, CachePlace, Lookup } from './cached-reply.ts';
import { keysOfScope } from './keys.ts';
import { replyArguments, replyKeys, toLookup } from './reply-store.ts';

const joinScript = loadScript(import.meta.url, 'join-flight', ['look-up'], { together: true });
const renewScript = loadScript(import.meta.url, 'renew-flight');
// Behind what ends the leader's job: who waits is told of a result that is in the record.
const landScript = loadScript(import.meta.url, 'land-flight', ['put-reply'], { together: 'last' });
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

/** Who wants to make a call, and where a reply may be that makes it needless. */
export interface Joining {
  follower: Follower;
  place: CachePlace;
  /** A leader whose job is known to have ended; it is not waited for. */
  endedLeader?: string;
}

export type Joined = (Lead | Follow) & {
  /** What is at the place now. */
  lookup: Lookup;
};

interface Lead {
  kind: 'lead';
  /** Whom it had waited for until now. */
  before?: string;
}

/** Another leads, and its lease goes on for so long. */
interface Follow {
  kind: 'follow';
  leader: string;
  leaseMs: number;
}

/** What a leader has bought, and how it is kept for later. */
export interface Bought {
  as: KeepAs;
  entry: CacheEntry;
}

export interface Landed {
  /** Those that waited, once. */
  followers: Follower[];
  /** Absent where nothing was to be kept. */
  kept?: Kept;
}

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
 * | led by A          | land by A, its reply is kept                | free              | those that wait are A's to end       |
 * | led by A          | leave by A                                  | free              | those that wait stay noted           |
 * | free              | join by B, which is noted                   | led by B          | B learns whom it had waited for      |
 * | led by B          | renew, land, leave by A: it was too late    | led by B          | nothing                              |
 *
 * Invariants:
 * - Of equal jobs one at most has a lease: one call is under way, as long as workers renew what they hold.
 * - A reply is kept in the step in which its flight lands, and looked for in the one that joins: whoever leads finds it.
 * - Each that waits has its ticket aside, which looks again within 15 s: a hand-over that is lost costs time, never a job.
 */
export interface Flights {
  join(flight: Flight, joining: Joining): Promise<Joined>;
  /** `false`: another leads, or nobody. */
  renew(flight: Flight, jobId: string, leaseMs: number): Promise<boolean>;
  /** What was bought is kept as `Cache.keep` does it, whoever leads now. */
  land(flight: Flight, jobId: string, bought?: Bought): Promise<Landed>;
  /** Those that wait on. Each that leads next is told whom it had waited for. */
  leave(flight: Flight, jobId: string): Promise<Follower[]>;
  /** They have ended: nobody need tell them anything. */
  forget(flight: Flight, jobIds: readonly string[]): Promise<void>;
}

export function createFlights(deps: Pick<CacheDeps, 'redis' | 'root' | 'seals'>): Flights {
  const { redis, root } = deps;
  return {
    join: (flight, joining) => join(deps, flight, joining),
    async renew(flight, jobId, leaseMs) {
      const [leader = ''] = flightKeys(root, flight);
      return (await renewScript(redis, [leader], [jobId, Math.round(leaseMs)])) === 1;
    },
    land: (flight, jobId, bought) => land(deps, flight, { jobId, bought }),
    leave: async (flight, jobId) =>
      followersOf(await leaveScript(redis, flightKeys(root, flight), [jobId])),
    async forget({ scope, digest }, jobIds) {
      if (jobIds.length > 0) await redis.hdel(keysOfScope(root, scope).waiting(digest), ...jobIds);
    },
  };
}

function flightKeys(root: string, { scope, digest }: Flight): string[] {
  const keys = keysOfScope(root, scope);
  return [keys.leader(digest), keys.waiting(digest)];
}

async function join(
  deps: CacheDeps,
  flight: Flight,
  { follower, place, endedLeader = '' }: Joining,
): Promise<Joined> {
  const { jobId } = follower;
  const keys = [...flightKeys(deps.root, flight), ...replyKeys(deps.root, place)];
  const told = JSON.stringify(follower);
  const args = [jobId, told, flightLeaseMs, endedLeader, rememberMs, place.digest];
  // The replies that join-flight.lua lists.
  const [leader, leaseMs, before, ...found] = (await joinScript(deps.redis, keys, args)) as [
    string,
    number,
    string,
    number,
    string?,
    string?,
    string?,
  ];
  const lookup = await toLookup(deps, place, found);
  if (leader !== jobId) return { kind: 'follow', leader, leaseMs, lookup };
  return { kind: 'lead', ...(before && { before }), lookup };
}

async function land(
  deps: CacheDeps,
  flight: Flight,
  { jobId, bought }: { jobId: string; bought: Bought | undefined },
): Promise<Landed> {
  const { redis, root } = deps;
  const args = bought && (await replyArguments(deps, bought.as, bought.entry));
  const isStored = typeof args === 'object';
  const keys = flightKeys(root, flight);
  if (bought && isStored) keys.push(...replyKeys(root, bought.as));
  // The replies that land-flight.lua lists.
  const [kept, waiting] = (await landScript(redis, keys, [jobId, ...(isStored ? args : [])])) as [
    number,
    string[],
  ];
  const followers = followersOf(waiting);
  if (!args) return { followers };
  return { followers, kept: args === 'too_large' ? args : kept === 1 ? 'kept' : 'invalid' };
}

/** Written by `join`, behind whom each waits for. */
function followersOf(reply: unknown): Follower[] {
  return (reply as string[]).map((note) => JSON.parse(note.slice(note.indexOf(' '))) as Follower);
}
