import type { Call } from '../server/call.ts';
import type { Route } from '../server/dialect.ts';
import { errorReply, invalidRequest } from './errors.ts';

/** The version that has no sampling parameters, and that the official client sends since 1.0. */
export const NEWEST_VERSION = '2026-10-21';
const VERSIONS: readonly string[] = ['2023-06-01', NEWEST_VERSION];

/**
 * The route, for calls that send `anthropic-version`.
 * @see https://platform.claude.com/docs/en/api/versioning
 */
export function needsVersion(route: Route): Route {
  return {
    ...route,
    prepare: (call) => {
      const problem = findProblem(call.headers['anthropic-version']);
      if (problem === undefined) return route.prepare(call);
      return { refusal: errorReply(invalidRequest(`anthropic-version: ${problem}`), call) };
    },
  };
}

/** Whether a call speaks the newest version. */
export function isNewest(call: Call): boolean {
  return call.headers['anthropic-version'] === NEWEST_VERSION;
}

function findProblem(version: string | string[] | undefined): string | undefined {
  if (version === undefined || version === '') return 'header is required';
  const text = String(version);
  return VERSIONS.includes(text) ? undefined : `"${text}" is not a valid version`;
}
