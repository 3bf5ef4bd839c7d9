import { z } from 'zod';

const count = z.number().nullish().catch(undefined);

const token = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullable().default(null),
};

/**
 * One line of a streamed chat, or a whole one; the last has `done`. Only what is used, and lenient.
 * @see https://docs.ollama.com/api/chat
 */
export const chatLine = z.object({
  model: z.string().nullish().catch(undefined),
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z
        .array(
          z.object({
            id: z.string().nullish(),
            function: z.object({
              name: z.string(),
              /** An object; text of JSON from some models. */
              arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).nullish(),
            }),
          }),
        )
        .nullish(),
    })
    .nullish(),
  logprobs: z
    .array(z.object({ ...token, top_logprobs: z.array(z.object(token)).nullish() }))
    .nullish()
    .catch(undefined),
  done: z.boolean(),
  done_reason: z.string().nullish(),
  prompt_eval_count: count,
  eval_count: count,
});
export type ChatLine = z.infer<typeof chatLine>;
