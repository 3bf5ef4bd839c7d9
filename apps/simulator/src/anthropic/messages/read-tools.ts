import { invalidRequest } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';
import { isObject, readCacheControl } from './content-block.ts';
import type { RawObject, Segment } from './content-block.ts';

/** A tool of the caller; tools that the vendor runs itself are never called. */
export type Tool = { name: string; inputSchema: unknown; isOwn: boolean };

/** What the caller wants done with its tools. */
export type ToolChoice = { type: 'auto' | 'any' | 'none'; parallel: boolean } | NamedTool;
type NamedTool = { type: 'tool'; name: string; parallel: boolean };

/** The tools of a request, and their part of the prompt. */
export type Tools = { list: Tool[]; choice: ToolChoice; segments: Segment[] };

const NAME = /^[a-zA-Z0-9_-]{1,128}$/u;

/** Reads `tools` and `tool_choice`. */
export function readTools(body: RawObject): Tools | AnthropicError {
  const { tools = [] } = body;
  if (!Array.isArray(tools)) return invalidRequest('tools: Input should be a valid list');
  const list: Tool[] = [];
  const segments: Segment[] = [];
  for (const [index, value] of tools.entries()) {
    const read = readTool(value, `tools.${index}`);
    if ('status' in read) return read;
    list.push(read.tool);
    segments.push(read.segment);
  }
  if (new Set(list.map(({ name }) => name)).size < list.length) {
    return invalidRequest('tools: Tool names must be unique.');
  }
  const choice = readChoice(body.tool_choice, list);
  return 'status' in choice ? choice : { list, choice, segments };
}

function readTool(
  value: unknown,
  place: string,
): { tool: Tool; segment: Segment } | AnthropicError {
  if (!isObject(value)) return invalidRequest(`${place}: Input should be a valid dictionary`);
  const { name, type, input_schema: inputSchema } = value;
  const isOwn = type === undefined || type === null || type === 'custom';
  if (typeof name !== 'string') return invalidRequest(`${place}.custom.name: Field required`);
  if (!NAME.test(name)) {
    return invalidRequest(`${place}.custom.name: String should match pattern '${NAME.source}'`);
  }
  if (isOwn && !isObject(inputSchema)) {
    return invalidRequest(`${place}.custom.input_schema: Field required`);
  }
  const cacheTtl = readCacheControl(value.cache_control, `${place}.custom`);
  if (typeof cacheTtl === 'object') return cacheTtl;
  const characters = JSON.stringify({ ...value, cache_control: undefined }).length;
  return {
    tool: { name, inputSchema, isOwn },
    segment: { raw: value, characters, mediaParts: 0, cacheTtl },
  };
}

function readChoice(choice: unknown, list: Tool[]): ToolChoice | AnthropicError {
  if (choice === undefined || choice === null) return { type: 'auto', parallel: true };
  const { type, name, disable_parallel_tool_use: single } = isObject(choice) ? choice : {};
  const parallel = single !== true;
  if (type === 'none') return { type, parallel };
  if (type !== 'auto' && type !== 'any' && type !== 'tool') {
    return invalidRequest("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
  }
  if (list.length === 0) {
    return invalidRequest('tool_choice: tool_choice may only be specified while providing tools');
  }
  if (type !== 'tool') return { type, parallel };
  if (typeof name !== 'string') return invalidRequest('tool_choice.tool.name: Field required');
  if (list.some((tool) => tool.name === name)) return { type, name, parallel };
  return invalidRequest(`tool_choice: Tool '${name}' not found in provided tools`);
}
