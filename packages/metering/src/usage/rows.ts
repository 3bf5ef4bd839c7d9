import type { LedgerEntry } from '@sluice/contracts';

import type { Table } from './buckets.ts';

/** What usage can be told apart by. `user` and `tag` exclude each other: see {@link Table}. */
export const dimensions = ['tenant', 'key', 'model', 'provider', 'app', 'user', 'tag'] as const;
export type Dimension = (typeof dimensions)[number];

/** Its place in a row; users and tags are in the last one. Empty text is none. */
const places: Readonly<Record<Dimension, number>> = {
  tenant: 0,
  key: 1,
  model: 2,
  provider: 3,
  app: 4,
  user: 5,
  tag: 5,
};

/** Values of the dimensions, in their order. */
export type Row = readonly string[];

/** What stands for the values for which a bucket had no room. */
export const other = '(other)';

/** The rows that an entry is counted in. */
export function rowsOf(entry: LedgerEntry): Record<Table, Row[]> {
  const isApp = entry.type === 'workflow';
  const { tenantId, keyId = '', name, provider, user = '', metadata = {} } = entry;
  const base = [tenantId, keyId, isApp ? '' : name, provider, isApp ? name : ''];
  return {
    users: [[...base, user]],
    tags: Object.entries(metadata).map(([tag, value]) => [...base, `${tag}=${value}`]),
  };
}

/** Where a bucket has no room for the row: without its user or tag, then with its tenant and provider alone. */
export function foldRow(row: Row, step: 1 | 2): Row {
  return row.map((value, place) => {
    if (place === places.tenant || (step === 1 && place !== places.user)) return value;
    return place === places.provider ? value : other;
  });
}

export function valueOf(row: Row, dimension: Dimension): string {
  return row[places[dimension]] ?? '';
}

export function encodeRow(row: Row): string {
  return JSON.stringify(row);
}

export function decodeRow(text: string): Row {
  // What encodeRow wrote.
  return JSON.parse(text) as Row;
}
