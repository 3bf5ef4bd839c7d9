import { invalidBody } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import { z } from 'zod';

/** @throws SluiceError `invalid_request`; `param` is the path in the body. */
export function check<Schema extends z.ZodType>(body: unknown, schema: Schema): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw invalidBody(parsed.error.issues, body, schema);
  return parsed.data;
}

/** An object without the fields that are null: clients of OpenAI send null for what they leave out. */
export function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

/** A field that may only have one value here. */
export function only<Value extends string | number | boolean>(value: Value, why: string) {
  return z.literal(value, { error: `must be ${value}: ${why}` }).optional();
}

export function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}

/** Fields of OpenAI's that steer only its own storage, speed and reports: they are taken and do nothing. */
export const ignored = {
  user: z.string().max(255).optional(),
  safety_identifier: z.string().max(255).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  store: z.boolean().optional(),
  service_tier: z.string().optional(),
};
