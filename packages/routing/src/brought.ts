import type { ChatInput, RunInput } from '@sluice/contracts';

/** Whether a request names tools that the model may call. */
export function bringsTools(input: RunInput): boolean {
  return 'tools' in input && input.tools !== undefined;
}

/** Whether a message of the request has an image. */
export function bringsImages(input: RunInput): boolean {
  if (!('messages' in input)) return false;
  return input.messages.some(
    ({ content }: ChatInput['messages'][number]) =>
      Array.isArray(content) && content.some((part) => part.type === 'image_url'),
  );
}
