import { invalidBody, inWireTerms, parseJson } from '@sluice/config';
import { batchEndpoints, SluiceError, type BatchEndpoint } from '@sluice/contracts';
import { z } from 'zod';

import type { AskedLine, LineFormats } from './line-format.ts';
import type { Line } from './read-lines.ts';

/** What a line asks for. */
export interface ParsedLine extends AskedLine {
  customId: string;
  endpoint: BatchEndpoint;
}

export interface LineOptions {
  /** That of the batch, for lines that name none; a line may name any other. */
  endpoint: BatchEndpoint;
  formats: LineFormats;
  maxLineBytes: number;
}

/** @see https://platform.openai.com/docs/guides/batch#1-prepare-your-batch-file */
const lineSchema = z.strictObject({
  custom_id: z.string().min(1).max(512),
  method: z.literal('POST', { error: 'must be POST' }).default('POST'),
  url: z.enum(batchEndpoints).optional(),
  body: z.record(z.string(), z.unknown()),
});

/**
 * A line as a request.
 * @throws SluiceError whose `param` is the path in the line, as `body.messages[0].role`.
 */
export function parseLine(
  { bytes, isTooLong }: Pick<Line, 'bytes' | 'isTooLong'>,
  { endpoint, formats, maxLineBytes }: LineOptions,
): ParsedLine {
  if (isTooLong) {
    throw new SluiceError('body_too_large', `the line must not exceed ${maxLineBytes} bytes`);
  }
  const { value } = parseJson(bytes);
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) throw invalidBody(parsed.error.issues, value, lineSchema);
  const { custom_id: customId, url = endpoint, body } = parsed.data;
  try {
    return { customId, endpoint: url, ...formats[url].toRequest(body) };
  } catch (thrown) {
    throw inBody(SluiceError.from(thrown));
  }
}

/** The custom id of a line that is wrong otherwise, as far as it has one. */
export function customIdIn(bytes: Buffer): string | undefined {
  try {
    const { value } = parseJson(bytes);
    const id = (value as { custom_id?: unknown } | null)?.custom_id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** An error of a line's request, such as that its model is not there, with the field of the line that it is about. */
export function inLineTerms(
  error: SluiceError,
  { fields }: Pick<AskedLine, 'fields'>,
): SluiceError {
  return inBody(inWireTerms(error, fields));
}

function inBody(error: SluiceError): SluiceError {
  const { code, message, param } = error;
  const path = param === undefined ? 'body' : `body.${param}`;
  return new SluiceError(code, message, { param: path, cause: error });
}
