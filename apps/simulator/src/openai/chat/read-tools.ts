import type { Reply } from '../../server/call.ts';
import { invalidParameter } from '../errors.ts';

/** A function the caller offers. */
export type Tool = { name: string; parameters: unknown };
/** What the caller wants done with its tools. */
export type ToolChoice = 'none' | 'auto' | 'required' | { name: string };

/** Reads `tools` and `tool_choice`; `characters` is the length of the tools as JSON. */
export function readTools(
  body: Record<string, unknown>,
): { list: Tool[]; choice: ToolChoice; characters: number } | Reply {
  const { tools, tool_choice: choice } = body;
  if (tools === undefined || tools === null) return { list: [], choice: 'none', characters: 0 };
  if (!Array.isArray(tools) || tools.length === 0) {
    const message = "Invalid 'tools': expected an array with minimum length 1.";
    return invalidParameter(message, 'tools', 'empty_array');
  }
  const list: Tool[] = [];
  for (const [index, tool] of tools.entries()) {
    const read = readTool(tool);
    if (read === undefined) {
      const param = `tools[${index}].function.name`;
      const message = `Missing required parameter: '${param}'.`;
      return invalidParameter(message, param, 'missing_required_parameter');
    }
    list.push(read);
  }
  return { list, choice: readChoice(choice), characters: JSON.stringify(tools).length };
}

function readTool(tool: unknown): Tool | undefined {
  if (typeof tool !== 'object' || tool === null) return undefined;
  const { function: definition, custom } = tool as Record<string, unknown>;
  const inner = definition ?? custom;
  if (typeof inner !== 'object' || inner === null || !('name' in inner)) return undefined;
  if (typeof inner.name !== 'string') return undefined;
  return { name: inner.name, parameters: 'parameters' in inner ? inner.parameters : undefined };
}

function readChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return choice;
  if (typeof choice !== 'object' || choice === null) return 'auto';
  const named = readTool(choice);
  return named === undefined ? 'auto' : { name: named.name };
}
