import type { Reply } from '../server/call.ts';
import { geminiError } from './errors.ts';
import type { GeminiRecord } from './read-record.ts';

/** The 400 for the first field the vendor does not know; `place` names the object, empty = the body. */
export function findUnknownField(
  record: GeminiRecord,
  known: ReadonlySet<string>,
  place = '',
): Reply | undefined {
  const name = Object.keys(record).find((each) => !known.has(each));
  if (name === undefined) return undefined;
  const where = place === '' ? '' : ` at '${place}'`;
  const description = `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`;
  const violation = place === '' ? { description } : { field: place, description };
  const type = 'type.googleapis.com/google.rpc.BadRequest';
  return geminiError(400, description, [{ '@type': type, fieldViolations: [violation] }]);
}
