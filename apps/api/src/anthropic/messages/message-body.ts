import { z } from 'zod';

import { dropNulls, isObject, mapList } from '@sluice/config';
import { chatInput, name } from '@sluice/contracts';

const { cache_control } = chatInput.shape;

const text = z.strictObject({ type: z.literal('text'), text: z.string(), cache_control });
const base64 = z.strictObject({
  type: z.literal('base64'),
  media_type: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'must be a media type, as image/png'),
  data: z.string().min(1),
});
const image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    base64,
    z.strictObject({ type: z.literal('url'), url: z.string().min(1) }),
  ]),
  cache_control,
});
const document = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    base64,
    z.strictObject({
      type: z.literal('text'),
      media_type: z.literal('text/plain'),
      data: z.string().min(1),
    }),
    z.strictObject({ type: z.literal('file'), file_id: z.string().min(1) }),
  ]),
  title: z.string().min(1).optional(),
  cache_control,
});
const toolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z
    .union([z.string(), z.array(z.discriminatedUnion('type', [text, image, document]))])
    .optional(),
  is_error: z.boolean().optional(),
  cache_control,
});
const toolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  caller: z.strictObject({ type: z.literal('direct') }).optional(),
  cache_control,
});
const thinking = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string(),
});
const redacted = z.strictObject({
  type: z.literal('redacted_thinking'),
  data: z.string().min(1),
});

const userBlock = z.discriminatedUnion('type', [text, image, document, toolResult]);
const assistantBlock = z.discriminatedUnion('type', [text, thinking, redacted, toolUse]);

const contentOf = <Block extends z.ZodType>(block: Block) =>
  z.union([z.string(), z.array(block).min(1)]);
const turn = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), content: contentOf(userBlock) }),
  z.strictObject({ role: z.literal('assistant'), content: contentOf(assistantBlock) }),
  z.strictObject({ role: z.literal('system'), content: contentOf(text) }),
]);

const tool = z.strictObject({
  type: z
    .literal('custom', { error: 'must be custom: tools that Anthropic runs are not passed on' })
    .optional(),
  name: z.string().min(1).max(64),
  description: z.string().optional(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().optional(),
  eager_input_streaming: z.boolean().optional(),
  cache_control,
});
const parallel = { disable_parallel_tool_use: z.boolean().optional() };

/**
 * Body of `POST /v1/messages`: Anthropic's. What would change the answer and is nothing that a job can ask of every vendor is
 * refused: tools that Anthropic runs, citations, containers, documents by URL.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export const messageBody = z.strictObject({
  model: name,
  max_tokens: z.int().min(1),
  messages: z.array(turn).min(1),
  system: contentOf(text).optional(),
  stop_sequences: z.array(z.string().min(1)).max(4).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(1).optional(),
  metadata: z.strictObject({ user_id: z.string().min(1).max(255).optional() }).optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('auto'), ...parallel }),
      z.strictObject({ type: z.literal('any'), ...parallel }),
      z.strictObject({ type: z.literal('tool'), name: z.string().min(1), ...parallel }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('adaptive') }),
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1_024) }),
      z.strictObject({ type: z.literal('disabled') }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
      format: z
        .strictObject({
          type: z.literal('json_schema'),
          schema: z.record(z.string(), z.unknown()),
        })
        .optional(),
    })
    .optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  cache_control,
});

export type MessageBody = z.infer<typeof messageBody>;
export type TurnOf<Role extends MessageBody['messages'][number]['role']> = Extract<
  MessageBody['messages'][number],
  { role: Role }
>;
export type UserBlock = z.infer<typeof userBlock>;
export type AssistantBlock = z.infer<typeof assistantBlock>;

/** A body without nulls, which stand for what is left out, as in the blocks of an answer that is sent back. */
export function tidyMessageBody(body: unknown): unknown {
  const given = dropNulls(body);
  if (!isObject(given)) return given;
  return {
    ...given,
    ...('messages' in given && { messages: mapList(given['messages'], tidyContent) }),
    ...('system' in given && { system: mapList(given['system'], dropNulls) }),
    ...('tools' in given && { tools: mapList(given['tools'], dropNulls) }),
    ...('thinking' in given && { thinking: dropNulls(given['thinking']) }),
    ...('metadata' in given && { metadata: dropNulls(given['metadata']) }),
    ...('output_config' in given && { output_config: dropNulls(given['output_config']) }),
  };
}

/** Of a turn, or of a tool's result, which has blocks too. */
function tidyContent(value: unknown): unknown {
  const given = dropNulls(value);
  if (!isObject(given) || !('content' in given)) return given;
  return { ...given, content: mapList(given['content'], tidyContent) };
}
