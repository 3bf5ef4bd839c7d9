import type { z } from 'zod';

import { SluiceError } from '@sluice/contracts';

import { formatPath, valueAt, type Path } from './field-path.ts';
import { suggestName } from '../nearest-name.ts';
import { knownKeys } from './known-keys.ts';

type Issue = z.core.$ZodIssue;

/** One rejected field. */
interface Problem {
  path: Path;
  message: string;
}

/** How many rejected fields the message spells out. */
const maxShown = 5;

/**
 * What zod found as one error for the client: `param` is the first rejected field, the message names the first five, each
 * with what it must be and what was given. Secrets are never repeated.
 */
export function invalidBody(
  issues: readonly Issue[],
  body: unknown,
  schema: z.core.$ZodType,
): SluiceError {
  const problems: Problem[] = [];
  for (const issue of issues) {
    problems.push(...explain(issue, body, schema));
    if (problems.length > maxShown) break;
  }
  const shown = problems.slice(0, maxShown).map(({ path, message }) => {
    return `${path.length === 0 ? 'the body' : formatPath(path)}: ${message}`;
  });
  const more = problems.length > maxShown || issues.length > maxShown ? ['and more'] : [];
  const param = formatPath(problems[0]?.path ?? []);
  return new SluiceError('invalid_request', [...shown, ...more].join('; '), {
    param: param === '' ? undefined : param,
  });
}

function explain(issue: Issue, body: unknown, schema: z.core.$ZodType): Problem[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, maxShown + 1).map((key) => ({
        path: [...path, key],
        message: `unknown field; ${suggestName(key, knownKeys(schema, path, body))}`,
      }));
    case 'invalid_union':
      return explainUnion(issue, body, schema);
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? 'this name is not allowed' }];
    default:
      return [{ path, message: `${requirement(issue)}${given(body, path)}` }];
  }
}

/**
 * Of a union the option that the value came furthest with explains best: a list of parts with one wrong part is not told
 * that it should have been a string. Where none came further, all of them are named.
 */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  body: unknown,
  schema: z.core.$ZodType,
): Problem[] {
  const { path } = issue;
  if ('options' in issue && Array.isArray(issue.options)) {
    const allowed = issue.options.map(String).join(', ');
    return [{ path, message: `must be one of ${allowed}${given(body, path)}` }];
  }
  const depthOf = (option: Issue[]) => Math.max(0, ...option.map((inner) => inner.path.length));
  const furthest = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))[0];
  if (furthest && depthOf(furthest) > 0) {
    return furthest.flatMap((inner) =>
      explain({ ...inner, path: [...path, ...inner.path] }, body, schema),
    );
  }
  const allowed = issue.errors.flat().map((inner) => requirement(inner).replace(/^must be /, ''));
  return [{ path, message: `must be ${[...new Set(allowed)].join(' or ')}${given(body, path)}` }];
}

function requirement(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kindNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small': {
      const least = issue.inclusive === false ? 'more than' : 'at least';
      return `must ${sizeVerb(issue.origin)} ${least} ${sizeOf(issue.minimum, issue.origin)}`;
    }
    case 'too_big': {
      const most = issue.inclusive === false ? 'less than' : 'at most';
      return `must ${sizeVerb(issue.origin)} ${most} ${sizeOf(issue.maximum, issue.origin)}`;
    }
    default:
      return issue.message;
  }
}

const kindNames: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

function sizeVerb(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have' : 'be';
}

function sizeOf(size: number | bigint, origin: string): string {
  if (origin === 'string') return `${size} ${size === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `${size} ${size === 1 ? 'entry' : 'entries'}`;
  return String(size);
}

function given(body: unknown, path: Path): string {
  const value = valueAt(body, path);
  if (value === undefined) return '; it is missing';
  if (path.at(-1) === 'secret') return '';
  if (Array.isArray(value)) return '; got an array';
  if (typeof value === 'object' && value !== null) return '; got an object';
  const text = JSON.stringify(value);
  return `; got ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}
