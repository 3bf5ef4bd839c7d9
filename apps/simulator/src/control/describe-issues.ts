import type { z } from 'zod';

/** A refusal that names every wrong field, what was given and what is allowed. */
export type ControlError = {
  error: { message: string; issues: { field: string; message: string }[] };
};

/** Turns a failed validation of `input` into the body of a 400. */
export function describeIssues(error: z.ZodError, input: unknown): ControlError {
  const issues = error.issues.map((issue) => {
    const field = issue.path.map(String).join('.') || '(body)';
    return { field, message: `${issue.message}${given(input, issue.path)}` };
  });
  const message = issues.map((issue) => `${issue.field}: ${issue.message}`).join('; ');
  return { error: { message, issues } };
}

function given(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return '';
    // Any object may be read by any key; a missing one is undefined.
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  const isPlain = value !== undefined && (typeof value !== 'object' || value === null);
  return !isPlain ? '' : `; given ${JSON.stringify(value).slice(0, 100)}`;
}
