import { z } from 'zod';
import { invalidRequest, type AnthropicError } from '../errors.ts';

const MAX_REQUESTS = 100_000;

const createSchema = z.object({
  requests: z
    .array(
      z.object({
        custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, {
          error: "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        }),
        params: z.record(z.string(), z.unknown()),
      }),
    )
    .min(1)
    .max(MAX_REQUESTS),
});

/** The requests of a batch, or what is wrong with them. */
export function readBatchRequest(
  json: unknown,
): { customId: string; params: Record<string, unknown> }[] | AnthropicError {
  const parsed = createSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalidRequest(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const requests = parsed.data.requests.map(({ custom_id: customId, params }) => ({
    customId,
    params,
  }));
  const ids = new Set(requests.map(({ customId }) => customId));
  if (ids.size < requests.length) return invalidRequest('requests: custom_id must be unique');
  const streamed = requests.findIndex(({ params }) => params['stream'] === true);
  if (streamed === -1) return requests;
  return invalidRequest(
    `requests.${streamed}.params.stream: streaming is not supported in batches`,
  );
}
