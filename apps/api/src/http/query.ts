import type { Request } from 'express';

import { suggestName } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

/**
 * The query's parameters by name, each at most once.
 * @throws SluiceError `invalid_request` that names a parameter which is not in `known` or given twice.
 */
export function readQuery<Name extends string>(
  request: Request,
  known: readonly Name[],
): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  for (const [given, value] of Object.entries(request.query)) {
    const name = known.find((candidate) => candidate === given);
    if (name === undefined) {
      throw refuse(given, `unknown query parameter; ${suggestName(given, known)}`);
    }
    if (typeof value !== 'string') throw refuse(name, 'must be given only once');
    values[name] = value;
  }
  return values;
}

/** @throws SluiceError `invalid_request` where `value` is not one of `allowed`. */
export function oneOf<Value extends string>(
  param: string,
  value: string,
  allowed: readonly Value[],
): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw refuse(param, `must be one of ${allowed.join(', ')}; got "${value}"`);
  return found;
}

/** @throws SluiceError `invalid_request` where `value` is not a whole number in the range. */
export function wholeNumber(
  param: string,
  value: string,
  range: { from: number; to: number },
): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= range.from && number <= range.to) return number;
  throw refuse(param, `must be a whole number from ${range.from} to ${range.to}; got "${value}"`);
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
