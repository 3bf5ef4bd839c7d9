import type { CachePlace, EffectivePolicy, Flight, FoundReply } from '@sluice/cache';
import type { AskedAs } from '@sluice/contracts';

/** What the cache does for one run of a job. */
export interface CacheUse {
  policy: EffectivePolicy;
  place: CachePlace;
  /** When nothing was found, by Redis's clock (epoch ms); absent where nobody looked. */
  askedAtMs?: number;
  /** What answers if the call fails. */
  fallback?: FoundReply;
  /** Its question, where it may be answered in other words. */
  asked?: AskedAs;
  /** The call that this run leads. */
  flight?: Flight;
}
