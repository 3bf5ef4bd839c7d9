import type { Request } from 'express';
import type { z } from 'zod';

import { invalidBody } from '@sluice/config';
import { readJson } from './read-json.ts';

/** Requests that only manage something are small. */
const maxManagementBytes = 64 * 1024;

/**
 * The body of a request that manages something, checked against its contract.
 * @throws SluiceError as `readJson`, and `invalid_request` that names the field.
 */
export async function parseBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.infer<Schema>> {
  return check(await readJson(request, maxManagementBytes), schema);
}

/** The same where the body may be left out: no body is `{}`. */
export async function parseOptionalBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const empty = encoding === undefined && (length === undefined || length === '0');
  return check(empty ? {} : await readJson(request, maxManagementBytes), schema);
}

function check<Schema extends z.ZodType>(body: unknown, schema: Schema): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw invalidBody(parsed.error.issues, body, schema);
  return parsed.data;
}
