import { z } from 'zod';

/** Environment variables are always text, so a number may be written as one: `concurrency: ${CONCURRENCY}`. */
export function number<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    const isNumber =
      typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?(e[+-]?\d+)?\s*$/i.test(value);
    return isNumber ? Number(value) : value;
  }, schema);
}

export const count = (max = 1e12) => number(z.int().min(1).max(max));
export const seconds = (min: number, max: number) => number(z.number().min(min).max(max));
export const dayInSeconds = 86_400;
