import { printTable } from '../print-table.ts';

/** What is shown of `GET /v1/limits`. */
export interface LimitsPage {
  data: LaneShown[];
  tenants: { tenant_id: string; queued_jobs: number; queued_bytes: number; running: number }[];
}

interface LaneShown {
  id: string;
  state: string;
  reason?: string | null;
  reopens_at?: string | null;
  pinned_since?: string;
  buckets: { unit: string; limit: number; window_seconds: number; used: number }[];
  concurrency: { limit: number | null; in_flight: number };
  tickets?: { waiting: number; delayed: number };
}

const widestBar = 20;

/** A line for each limit of each lane with a bar of what is used, then what each tenant has. */
export function drawLimits({ data, tenants }: LimitsPage): string {
  const rows = data.flatMap((lane) => laneRows(lane));
  const lanes = printTable([['lane', 'state', 'limit', '', 'used', 'of'], ...rows], 4);
  if (tenants.length === 0) return lanes;
  const owners = tenants.map((tenant) => [
    tenant.tenant_id,
    String(tenant.queued_jobs),
    String(tenant.running),
    String(tenant.queued_bytes),
  ]);
  return `${lanes}\n${printTable([['tenant', 'queued', 'running', 'bytes'], ...owners], 1)}`;
}

function laneRows(lane: LaneShown): string[][] {
  const { in_flight: running, limit } = lane.concurrency;
  const limits = [
    ...lane.buckets.map((bucket) => ({
      name: `${bucket.unit} per ${bucket.window_seconds} s`,
      used: bucket.used,
      limit: bucket.limit as number | null,
    })),
    { name: 'calls at once', used: running, limit },
  ];
  return limits.map(({ name, used, limit: most }, i) => [
    i === 0 ? lane.id : '',
    i === 0 ? stateOf(lane) : '',
    name,
    bar(used, most),
    String(used),
    most === null ? 'any' : String(most),
  ]);
}

function stateOf({ state, reason, reopens_at: at, pinned_since, tickets }: LaneShown): string {
  const waiting = tickets && tickets.waiting > 0 ? `${tickets.waiting} wait` : '';
  const pinned = pinned_since && 'pinned';
  return [state, reason, at && `until ${at}`, pinned, waiting].filter(Boolean).join(', ');
}

function bar(used: number, limit: number | null): string {
  if (limit === null || limit === 0) return '';
  const full = Math.min(widestBar, Math.round((used / limit) * widestBar));
  return `${'█'.repeat(full)}${'░'.repeat(widestBar - full)}`;
}
