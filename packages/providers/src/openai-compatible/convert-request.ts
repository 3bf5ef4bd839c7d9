import type { ChatCall } from '../adapter.ts';

/** The body of a chat completion. Sluice's input is OpenAI's, so what the client sent goes on as it is. */
export function convertRequest({ input, target, user }: ChatCall): Record<string, unknown> {
  return {
    ...input,
    model: target.model,
    ...(user !== undefined && { user }),
    stream: true,
    stream_options: { include_usage: true },
  };
}
