import type { Clock, Random } from '@sluice/runtime';
import type { Redis } from 'ioredis';

/** What the limiter needs. Limits are counted by Redis's clock; `clock` measures how long Redis takes to answer. */
export interface LimitsDeps {
  redis: Redis;
  /** Root of all keys, `sluice` in production. */
  root: string;
  clock: Clock;
  random?: Random;
}
