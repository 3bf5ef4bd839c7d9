import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { statusOf } from '../middleware/handle-error.ts';
import { apiRoutes } from '../routes.ts';
import { buildOpenApi } from './build-openapi.ts';
import { routeDescriptions } from './describe-routes.ts';

const page = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8');

const cellsOf = (row: string) => row.split('|').map((cell) => cell.trim());

test('docs/http-api.md has every route of the document with its scope and summary, and no other', () => {
  const { paths } = buildOpenApi(apiRoutes, routeDescriptions);
  const documented = Object.entries(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, { summary }]) => {
      const colons = path.replace(/\{([a-z]+)\}/g, ':$1');
      const route = apiRoutes.find((each) => each.method === method && each.path === colons);
      const scope = route?.access === 'open' ? 'none' : route?.access;
      return [`\`${method.toUpperCase()} ${colons}\``, scope, summary].join(' | ');
    }),
  );
  const rows = page.split('\n').filter((line) => /^\| `(GET|POST|PUT|PATCH|DELETE) /.test(line));
  const shown = rows.map((row) => cellsOf(row).slice(1, 4).join(' | '));
  expect(shown.toSorted()).toEqual(documented.toSorted());
});

test('docs/http-api.md names codes under the status that they have', () => {
  const rows = page.split('\n').filter((line) => /^\| \d{3} /.test(line));
  const named = rows.flatMap((row) => {
    const [, status, codes = ''] = cellsOf(row);
    return [...codes.matchAll(/`([a-z_]+)`/g)].map(([, code]) => [code, Number(status)]);
  });
  expect(named.length).toBeGreaterThan(10);
  const statuses: Readonly<Record<string, number>> = statusOf;
  expect(named).toEqual(named.map(([code]) => [code, statuses[String(code)]]));
});
