import { countTokens } from '../../text.ts';
import type { LineError } from './batch.ts';

/** A line of an input file, and the tokens of what it asks. */
export type InputLine = { custom_id: string; body: unknown; model: string; tokens: number };

const MAX_LINES = 50_000;

/**
 * The lines of an input file, and everything that is wrong with it.
 * @see https://platform.openai.com/docs/guides/batch#1-prepare-your-batch-file
 */
export function readLines(
  text: string,
  endpoint: string,
): { lines: InputLine[]; errors: LineError[] } {
  const seen = new Set<string>();
  const lines: InputLine[] = [];
  const errors: LineError[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const read = readLine(line, endpoint, seen);
    if ('custom_id' in read) lines.push(read);
    else errors.push({ ...read, line: index + 1 });
  }
  return { lines, errors: [...errors, ...findFaults(lines, errors.length === 0)] };
}

type Fault = Omit<LineError, 'line'>;

function readLine(line: string, endpoint: string, seen: Set<string>): InputLine | Fault {
  const given = parse(line);
  if (!given) return fault('invalid_json_line', 'This line is not parseable as valid JSON.', null);
  const { custom_id: id, method, url, body } = given;
  if (typeof id !== 'string' || id === '') {
    const message = "Missing required parameter: 'custom_id'.";
    return fault('missing_required_parameter', message, 'custom_id');
  }
  if (seen.has(id)) {
    return fault('duplicate_custom_id', `The custom_id '${id}' is used twice.`, 'custom_id');
  }
  seen.add(id);
  if (method !== 'POST') return fault('invalid_method', 'The method must be POST.', 'method');
  if (url !== endpoint) return fault('mismatched_endpoint', `The URL must be ${endpoint}.`, 'url');
  return { custom_id: id, body, ...askedIn(body) };
}

/** By the text of its messages or input alone: whether they are right is found out when they are answered. */
function askedIn(body: unknown): Pick<InputLine, 'model' | 'tokens'> {
  const { model = '', messages, input } = (body ?? {}) as Record<string, unknown>;
  return {
    model: String(model),
    tokens: countTokens(JSON.stringify(messages ?? input ?? '').length),
  };
}

/** What is wrong with all of them together. */
function findFaults(lines: readonly InputLine[], areGood: boolean): LineError[] {
  const models = new Set(lines.map(({ model }) => model));
  const faults = [];
  if (models.size > 1) {
    faults.push(fault('mismatched_model', 'All lines must have one model.', 'body.model'));
  }
  if (lines.length > MAX_LINES) {
    faults.push(fault('too_many_requests', `The file has more than ${MAX_LINES} lines.`, null));
  }
  if (lines.length === 0 && areGood) faults.push(fault('empty_file', 'The file is empty.', null));
  return faults.map((each) => ({ ...each, line: null }));
}

function fault(code: string, message: string, param: string | null): Fault {
  return { code, message, param };
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null;
    // Any object may be read by any key.
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
