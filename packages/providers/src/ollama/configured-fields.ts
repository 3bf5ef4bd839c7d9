import type { Target } from '@sluice/config';

/** How long the model stays loaded after the call, where the configuration says it. @see https://docs.ollama.com/faq */
export function keepAliveOf({ provider }: Target): { keep_alive?: string | number } {
  const { keepAlive } = provider.options;
  if (keepAlive === undefined) return {};
  // A number as text has no unit, and Ollama refuses it.
  return { keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive };
}

/** The length of the context, where the configuration says it. @see https://docs.ollama.com/context-length */
export function contextOf({ provider }: Target): { num_ctx?: number } {
  const { numCtx } = provider.options;
  return numCtx === undefined ? {} : { num_ctx: Number(numCtx) };
}
