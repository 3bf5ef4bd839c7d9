import type { z } from 'zod';

import type { ErrorCode } from '@sluice/contracts';

/** What the document says of a route beside what the route table knows. */
export interface RouteDescription {
  summary: string;
  /** Status of the answer when all goes well. */
  status: number;
  /** An example of that answer; of 204 there is none. */
  answer: unknown;
  /** Codes of errors beside those that the scope, the body and the path already say. */
  errors?: readonly ErrorCode[];
  body?: { schema: z.ZodType; example: unknown; optional?: true };
  /** Of a body that is a form with a file, instead of `body`. */
  form?: {
    properties: Readonly<Record<string, object>>;
    required: readonly string[];
    example: object;
  };
  /** Query parameters and what they mean. */
  query?: Readonly<Record<string, string>>;
  /** Other than JSON. */
  answers?: 'text/plain' | 'text/html' | 'text/event-stream' | 'application/octet-stream';
}
