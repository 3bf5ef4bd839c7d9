import type { Reply } from '../server/call.ts';
import { invalidParam } from './errors.ts';

/** What every call that runs an app carries. */
export type RunBody = {
  inputs: Record<string, unknown>;
  user: string;
  streaming: boolean;
  /** The other fields, unread. */
  fields: Record<string, unknown>;
};

/** Checks the fields all runs share. Absent fields may also be null, as the official client sends them. */
export function readRunBody(json: unknown): RunBody | Reply {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return invalidParam('The request body must be a JSON object.');
  }
  // A checked, non-array object: every field is read as unknown below.
  const fields = json as Record<string, unknown>;
  const { inputs, user, response_mode: mode } = fields;
  if (typeof user !== 'string' || user === '') return invalidParam('Arg user must be provided.');
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) {
    return invalidParam('inputs must be an object.');
  }
  if (mode !== undefined && mode !== null && mode !== 'streaming' && mode !== 'blocking') {
    return invalidParam(`${JSON.stringify(mode)} is not a valid choice for response_mode.`);
  }
  return { inputs: { ...inputs }, user, streaming: mode === 'streaming', fields };
}

/** What a run works on: `inputs.query`, else the first text among the inputs, else all of them. */
export function mainText(inputs: Record<string, unknown>): string {
  if (typeof inputs.query === 'string') return inputs.query;
  const first = Object.values(inputs).find((value) => typeof value === 'string');
  return typeof first === 'string' ? first : JSON.stringify(inputs);
}

/** Whether a body names its user. */
export function namesUser(json: unknown): json is { user: string } {
  return (
    typeof json === 'object' &&
    json !== null &&
    'user' in json &&
    typeof json.user === 'string' &&
    json.user !== ''
  );
}
