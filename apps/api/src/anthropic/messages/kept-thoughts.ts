import { z } from 'zod';

import { chatInput, type ChatResult, type ReasoningPart } from '@sluice/contracts';

/**
 * What vendors want back unchanged and Anthropic's format has no place for, in a block that clients send back unread: thoughts
 * whose signatures come behind a stream's text, and the signatures of Gemini.
 */
export interface KeptThoughts {
  parts?: ReasoningPart[];
  /** Gemini's signature of a tool call, by the call's id. */
  calls?: Record<string, string>;
}

const prefix = 'sluice.';

const assistant = chatInput.shape.messages.element.options.find(
  (option) => option.shape.role.value === 'assistant',
);
if (!assistant || !('reasoning_parts' in assistant.shape)) throw new TypeError('no reasoning');
const kept = z.strictObject({
  parts: assistant.shape.reasoning_parts,
  calls: z.record(z.string(), z.string()).optional(),
});

/** The block that keeps what a result wants back beside `shown`, the parts that have blocks of their own. */
export function keepThoughts(
  { reasoning_parts: parts = [], tool_calls: calls = [] }: ChatResult['message'],
  shown: readonly ReasoningPart[],
): { type: 'redacted_thinking'; data: string } | undefined {
  const rest = parts.filter((part) => !shown.includes(part));
  const signed = calls.flatMap(({ id, extra_content: extra }) =>
    extra ? [[id, extra.google.thought_signature] as const] : [],
  );
  if (rest.length === 0 && signed.length === 0) return undefined;
  const thoughts: KeptThoughts = {
    ...(rest.length > 0 && { parts: rest }),
    ...(signed.length > 0 && { calls: Object.fromEntries(signed) }),
  };
  const data = prefix + Buffer.from(JSON.stringify(thoughts)).toString('base64url');
  return { type: 'redacted_thinking', data };
}

/** What such a block keeps; `undefined` for a block of Anthropic's own, and for one that was changed. */
export function readKeptThoughts(data: string): KeptThoughts | undefined {
  if (!data.startsWith(prefix)) return undefined;
  const parsed = kept.safeParse(parseJson(data.slice(prefix.length)));
  if (!parsed.success) return undefined;
  const { parts, calls } = parsed.data;
  return { ...(parts && { parts }), ...(calls && { calls }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
