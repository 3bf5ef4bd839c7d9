import { SluiceError } from '@sluice/contracts';

/**
 * An error of the job, with the fields that the client has sent in place of those of the job. `renamed` is tried in order:
 * the beginning of a field's path and what stands for it on the wire.
 */
export function inWireTerms(
  error: SluiceError,
  renamed: readonly (readonly [field: string, sent: string])[],
): SluiceError {
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
