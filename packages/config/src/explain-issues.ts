import type { z } from 'zod';

import { maskUrlCredentials } from './api-key.ts';
import type { PathProblem } from './interpolate.ts';
import { suggestName } from './nearest-name.ts';
import { formatPath, isSecretPath, valueAt, type Path } from './path.ts';

type Issue = z.core.$ZodIssue;

/**
 * What zod found, in words for the person who wrote the file: one problem for each wrong value and each unknown key, with
 * what was given (but never a key or header) and what is allowed.
 */
export function explainIssues(
  issues: readonly Issue[],
  data: unknown,
  schema: z.core.$ZodType,
): PathProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return explainUnknownKeys(issue, schema);
    const inside = isUnexplained(issue) ? furthestOf(issue) : [];
    if (inside.length > 0) return explainIssues(inside, data, schema);
    return [{ path: issue.path, message: explain(issue, data) }];
  });
}

/** What zod says of a union for want of better. */
const noWords = 'Invalid input';

/** A union whose schema has no words of its own for what is wrong. */
function isUnexplained(issue: Issue): issue is z.core.$ZodIssueInvalidUnion {
  return issue.code === 'invalid_union' && issue.message === noWords;
}

/** What the option of a union says that the value came furthest with; nothing where it came nowhere with any. */
function furthestOf(issue: z.core.$ZodIssueInvalidUnion): Issue[] {
  const depthOf = (option: Issue[]) => Math.max(0, ...option.map(({ path }) => path.length));
  const furthest = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))[0] ?? [];
  if (depthOf(furthest) === 0) return [];
  return furthest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function explainUnknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  schema: z.core.$ZodType,
): PathProblem[] {
  const known = knownKeys(schema, issue.path);
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: `unknown key; ${suggestName(key, known)}`,
  }));
}

/** The keys that the schema knows at `path`. */
function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  // zod's own union of all schemas; the plain type hides which one it is.
  const definition = (schema as z.core.$ZodTypes)._zod.def;
  switch (definition.type) {
    case 'pipe':
      return knownKeys(definition.out, path);
    case 'optional':
    case 'default':
    case 'prefault':
      return knownKeys(definition.innerType, path);
    case 'union':
      return definition.options.flatMap((option) => knownKeys(option, path));
    case 'array':
      return knownKeys(definition.element, path.slice(1));
    case 'record':
      return knownKeys(definition.valueType, path.slice(1));
    case 'object': {
      const [head, ...rest] = path;
      if (head === undefined) return Object.keys(definition.shape);
      const next = definition.shape[String(head)];
      return next ? knownKeys(next, rest) : [];
    }
    default:
      return [];
  }
}

function explain(issue: Issue, data: unknown): string {
  const given = valueAt(data, issue.path);
  const isHidden =
    isSecretPath(issue.path) || (issue.code === 'custom' && typeof given === 'object');
  const shown = isHidden ? '' : `; got ${show(given)}`;
  switch (issue.code) {
    case 'invalid_type':
      if (given === undefined)
        return `is missing; must be ${kindNames[issue.expected] ?? issue.expected}`;
      return `must be ${kindNames[issue.expected] ?? issue.expected}${shown}`;
    case 'invalid_value':
      return explainChoice(issue, given);
    case 'too_small':
      if (issue.origin === 'array') return 'must have at least one entry';
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${shown}`;
    case 'too_big':
      if (issue.origin === 'array') return `must have at most ${issue.maximum} entries`;
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${shown}`;
    case 'invalid_union': {
      if (issue.message !== noWords) return `${issue.message}${shown}`;
      const expected = issue.errors.flat().flatMap((inner) => {
        return inner.code === 'invalid_type' ? [kindNames[inner.expected] ?? inner.expected] : [];
      });
      return `must be ${[...new Set(expected)].join(' or ')}${shown}`;
    }
    case 'invalid_key':
      return `this name ${issue.issues[0]?.message ?? 'is not allowed'}`;
    default:
      return `${issue.message}${shown}`;
  }
}

const kindNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  boolean: 'true or false',
};

function explainChoice(issue: z.core.$ZodIssueInvalidValue, given: unknown): string {
  const allowed = issue.values.map(String);
  const list = `must be one of ${allowed.join(', ')}`;
  if (given === undefined) return `is missing; ${list}`;
  const suggestion = typeof given === 'string' ? suggestName(given, allowed) : '';
  const hint = suggestion.startsWith('did you mean') ? `; ${suggestion}` : '';
  return `${list}; got ${show(given)}${hint}`;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = maskUrlCredentials(JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** A path's problem with the file's name in front. */
export function locate(file: string, problem: PathProblem): { where: string; message: string } {
  const path = formatPath(problem.path);
  return { where: path === '' ? file : `${file}: ${path}`, message: problem.message };
}
