import { SluiceError } from '@sluice/contracts';

/** The beginning of a field's path in a job, and what stands for it on the wire. */
export type Renamed = readonly (readonly [field: string, sent: string])[];

/**
 * An error of the job, with the fields that the client has sent in place of those of the job. `renamed` is tried in order.
 */
export function inWireTerms(error: SluiceError, renamed: Renamed): SluiceError {
  const { param, message } = error;
  const found = renamed.find(([field]) => param?.startsWith(field));
  if (param === undefined || !found) return error;
  const [field, sent] = found;
  const wireParam = sent + param.slice(field.length);
  const text = message.startsWith(param) ? wireParam + message.slice(param.length) : message;
  return new SluiceError(error.code, text, {
    ...error.toJSON(),
    param: wireParam,
    cause: error,
  });
}
