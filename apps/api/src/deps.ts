import type { Redis } from 'ioredis';

import type { FileStore } from '@sluice/batches';
import type { Cache } from '@sluice/cache';
import type { Config } from '@sluice/config';
import type { LaneBook, Limits, ParkedKeys } from '@sluice/limits';
import type { Lanes } from '@sluice/queue';
import type { BudgetBook, UsageBook } from '@sluice/metering';
import type { Records } from '@sluice/records';
import type { SplitBook } from '@sluice/routing';
import type { Clock, Logger } from '@sluice/runtime';
import type { ApiKeys, KeyRing, Tenants, TenantSeals } from '@sluice/tenants';

import type { DeliveryLog, EndpointStore } from '@sluice/webhooks';

import type { AppBook } from './dify/app-book.ts';
import type { JobFollower } from './events/job-follower.ts';
import type { ApiMetrics } from './metrics.ts';
import type { LaneWatch } from './watch/lane-watch.ts';
import type { RouteWatch } from './watch/route-watch.ts';
import type { RedisWatch } from './watch/redis-watch.ts';

/** What the routes work with. Made in `start-api.ts`, and by tests. */
export interface ApiDeps {
  config: Config;
  /** Who shows it may do everything, as the tenant `default`. */
  adminKey: string;
  keyRing: KeyRing;
  tenants: Tenants;
  apiKeys: ApiKeys;
  /** Encryption at rest; `undefined` where it is off. */
  seals: TenantSeals | undefined;
  endpoints: EndpointStore;
  deliveryLog: DeliveryLog;
  /** Of role `producer`: it fails fast. */
  redis: Redis;
  records: Records;
  /** The events of jobs, for whoever follows them. */
  follower: JobFollower;
  files: FileStore;
  /** What Dify says of the apps. */
  apps: AppBook;
  lanes: Lanes;
  parkedKeys: ParkedKeys;
  limits: Limits;
  /** The lanes with what operators have set. */
  laneBook: LaneBook;
  cache: Cache;
  usage: UsageBook;
  budgets: BudgetBook;
  redisWatch: RedisWatch;
  laneWatch: LaneWatch;
  routeWatch: RouteWatch;
  splits: SplitBook;
  metrics: ApiMetrics;
  clock: Clock;
  log: Logger;
  /** Aborts when the process stops: whoever waits for a job is answered with what is known. */
  closing: AbortSignal;
}
