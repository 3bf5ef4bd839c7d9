import { expect, test } from 'vitest';
import type { Route } from './dialect.ts';
import { createRouter } from './router.ts';

const PATHS = ['/models', '/models/:id', '/models/:id:ask', '/models/:id:ask:twice', '/a/:b/c'];
const find = createRouter(PATHS.map(toRoute));

function toRoute(path: string): Route {
  const prepare = () => ({ answer: () => {} });
  return {
    method: path.includes(':ask') ? 'POST' : 'GET',
    path,
    kind: 'test',
    paid: false,
    prepare,
  };
}

test.for([
  ['GET', '/models', '/models', {}],
  ['GET', '/models/m', '/models/:id', { id: 'm' }],
  ['GET', '/models/m:7b', '/models/:id', { id: 'm:7b' }],
  ['GET', '/models/a%2Fb', '/models/:id', { id: 'a/b' }],
  ['GET', '/models/%', '/models/:id', { id: '%' }],
  ['POST', '/models/m:ask', '/models/:id:ask', { id: 'm' }],
  ['POST', '/models/m:7b:ask', '/models/:id:ask', { id: 'm:7b' }],
  ['POST', '/models/m:ask:twice', '/models/:id:ask:twice', { id: 'm' }],
  ['GET', '/a/x/c', '/a/:b/c', { b: 'x' }],
] as const)('%s %s is the route %s', ([method, path, route, params]) => {
  const match = find(method, path);
  expect(match?.route.path).toBe(route);
  expect(match?.params).toEqual(params);
});

test.for([
  ['POST', '/models'],
  ['POST', '/models/m'],
  ['POST', '/models/m:askme'],
  ['GET', '/a/x'],
  ['GET', '/a/x/d'],
] as const)('%s %s is no route', ([method, path]) => {
  expect(find(method, path)).toBeUndefined();
});
