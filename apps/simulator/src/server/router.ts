import type { Route } from './dialect.ts';

/** A route and the values of its `:name` parts. */
export type RouteMatch = { route: Route; params: Record<string, string> };

/** Finds the route of a method and path (without the dialect's prefix). */
export type FindRoute = (method: string, path: string) => RouteMatch | undefined;

const NO_PARAMS: Record<string, string> = {};

/**
 * Fixed paths win over paths with parts; both are prepared once. A `:name` part may end in a verb,
 * as Google writes them: `/models/:model:generateContent`.
 */
export function createRouter(routes: Route[]): FindRoute {
  const fixed = new Map<string, RouteMatch>();
  const patterns: { route: Route; parts: string[] }[] = [];
  for (const route of routes) {
    if (route.path.includes(':')) patterns.push({ route, parts: route.path.split('/') });
    else fixed.set(`${route.method} ${route.path}`, { route, params: NO_PARAMS });
  }
  return (method, path) => {
    const exact = fixed.get(`${method} ${path}`);
    if (exact !== undefined) return exact;
    const given = path.split('/');
    for (const { route, parts } of patterns) {
      const params = route.method === method ? matchParts(parts, given) : undefined;
      if (params !== undefined) return { route, params };
    }
    return undefined;
  };
}

function matchParts(parts: string[], given: string[]): Record<string, string> | undefined {
  if (parts.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
      continue;
    }
    const [, name = '', ...verb] = part.split(':');
    const suffix = verb.length === 0 ? '' : `:${verb.join(':')}`;
    if (!value.endsWith(suffix)) return undefined;
    params[name] = decode(value.slice(0, value.length - suffix.length));
  }
  return params;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
