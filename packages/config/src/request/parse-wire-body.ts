import type { z } from 'zod';

import { invalidBody } from './invalid-body.ts';

/**
 * The body of a vendor's request, checked against its schema.
 * @throws SluiceError `invalid_request` that names the fields as the client has sent them.
 */
export function parseWireBody<Schema extends z.ZodType>(
  body: unknown,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw invalidBody(parsed.error.issues, body, schema);
  return parsed.data;
}
