import type { ChatInput } from '@sluice/contracts';

type Body = Record<string, unknown>;

/**
 * `tools` and `tool_choice` in Anthropic's words. Without tools there is nothing to choose: `none` and `auto` are left out
 * then, as they change nothing.
 * @see https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
 */
export function convertTools(input: ChatInput): Body {
  const choice = convertChoice(input);
  return {
    ...(input.tools && { tools: input.tools.map(convertTool) }),
    ...(choice && { tool_choice: choice }),
  };
}

function convertTool({
  function: tool,
  cache_control: mark,
}: NonNullable<ChatInput['tools']>[number]): Body {
  const { name, description, parameters, strict } = tool;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { type: 'object', ...parameters },
    ...(typeof strict === 'boolean' && { strict }),
    ...(mark && { cache_control: mark }),
  };
}

function convertChoice(input: ChatInput): Body | undefined {
  const { tool_choice: choice, parallel_tool_calls: parallel, tools } = input;
  const isSingle = parallel === false && tools !== undefined;
  const single = isSingle ? { disable_parallel_tool_use: true } : {};
  if (typeof choice === 'object') return { type: 'tool', name: choice.function.name, ...single };
  if (choice === 'required') return { type: 'any', ...single };
  if (!tools) return undefined;
  if (choice === 'none') return { type: 'none' };
  return choice === 'auto' || isSingle ? { type: 'auto', ...single } : undefined;
}
