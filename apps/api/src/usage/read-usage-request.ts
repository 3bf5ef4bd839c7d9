import type { Request } from 'express';

import { SluiceError } from '@sluice/contracts';
import {
  dimensions,
  intervals,
  type Dimension,
  type Interval,
  type UsageQuery,
} from '@sluice/metering';
import type { Caller } from '@sluice/tenants';

import { oneOf, readQuery, wholeNumber } from '../http/query.ts';

/** What is asked of `GET /v1/usage`. */
export interface UsageRequest extends UsageQuery {
  /** One sum over the whole time in place of a bucket after the other. */
  isSum: boolean;
  /** Buckets in a page of JSON. */
  limit: number;
}

const widths: Readonly<Record<string, Interval>> = {
  '1m': 'minute',
  '1h': 'hour',
  '1d': 'day',
  minute: 'minute',
  hour: 'hour',
  day: 'day',
};

/** Buckets that are given without `from`, and in a page of JSON without `limit`. */
const usualBuckets: Readonly<Record<Interval, number>> = { minute: 60, hour: 24, day: 31 };
const maxBuckets = 1_500;

/**
 * The query of `GET /v1/usage`; times are ISO 8601 or Unix seconds, and go to the edges of their buckets. A key that is not
 * the operator's sees its own tenant.
 * @throws SluiceError `invalid_request` that names the parameter; `insufficient_scope` for another tenant's usage.
 */
export function readUsageRequest(
  request: Request,
  { tenantId, scopes }: Pick<Caller, 'tenantId' | 'scopes'>,
  nowMs: number,
): UsageRequest {
  const query = readQuery(request, [
    ...dimensions,
    ...(['from', 'to', 'start_time', 'end_time', 'interval', 'bucket_width'] as const),
    ...(['group_by', 'limit', 'page', 'format'] as const),
  ]);
  const width = query.interval ?? query.bucket_width ?? '1d';
  const isSum = width === 'all';
  const toMs = timeOf('to', query.to ?? query.end_time) ?? nowMs;
  const fromMs = timeOf('from', query.page ?? query.from ?? query.start_time);
  const interval = isSum
    ? finestFor(fromMs ?? nowMs, nowMs)
    : (widths[oneOf('interval', width, [...Object.keys(widths), 'all'])] ?? 'day');
  const limit = query.limit ?? String(usualBuckets[interval]);
  return {
    isSum,
    interval,
    ...edges(interval, fromMs, toMs),
    groupBy: readGroups(query.group_by),
    only: readFilters(query, scopes.has('admin') ? undefined : tenantId),
    limit: wholeNumber('limit', limit, { from: 1, to: maxBuckets }),
  };
}

/** The narrowest width whose buckets of that time are still there. */
function finestFor(fromMs: number, nowMs: number): Interval {
  const ageMs = nowMs - fromMs;
  if (ageMs < intervals.minute.keptMs) return 'minute';
  return ageMs < intervals.hour.keptMs ? 'hour' : 'day';
}

function edges(
  interval: Interval,
  given: number | undefined,
  endMs: number,
): Pick<UsageQuery, 'fromMs' | 'toMs'> {
  const { ms } = intervals[interval];
  const toMs = Math.ceil(endMs / ms) * ms;
  const fromMs =
    given === undefined ? toMs - usualBuckets[interval] * ms : Math.floor(given / ms) * ms;
  if (fromMs >= endMs && given !== undefined) throw refuse('from', 'must be before to');
  const buckets = (toMs - fromMs) / ms;
  if (buckets <= maxBuckets) return { fromMs, toMs };
  const message = `gives ${buckets} buckets of a ${interval}; ${maxBuckets} are given at once`;
  throw refuse('from', message);
}

function readGroups(given: string | undefined): Dimension[] {
  const names = (given ?? '').split(',').filter((name) => name !== '');
  const groups = names.map((name) => oneOf('group_by', name.trim(), dimensions));
  return [...new Set(groups)];
}

function readFilters(
  query: Partial<Record<string, string>>,
  ownTenant: string | undefined,
): UsageQuery['only'] {
  const only: UsageQuery['only'] = {};
  for (const dimension of dimensions) {
    const value = query[dimension];
    if (value !== undefined) only[dimension] = [value];
  }
  const asked = [...(query['group_by'] ?? '').split(','), ...Object.keys(only)];
  if (asked.includes('user') && asked.includes('tag')) {
    throw refuse('group_by', 'user and tag exclude each other: they are not counted together');
  }
  if (ownTenant === undefined) return only;
  refuseOther(query['tenant'], ownTenant);
  return { ...only, tenant: [ownTenant] };
}

/** @throws SluiceError `insufficient_scope` where another tenant than one's own is asked for. */
export function refuseOther(asked: string | undefined, ownTenant: string): void {
  if (asked === undefined || asked === ownTenant) return;
  const message = 'tenant: the usage of other tenants needs an API key with the scope "admin"';
  throw new SluiceError('insufficient_scope', message, { param: 'tenant' });
}

/** A time of the query, epoch ms. */
export function timeOf(param: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = /^\d{1,11}$/.test(given) ? Number(given) * 1_000 : Date.parse(given);
  if (Number.isFinite(ms) && Math.abs(ms) < 8e15) return ms;
  throw refuse(param, `must be a time as 2026-11-27T00:00:00Z or Unix seconds; got "${given}"`);
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
