import type { Tool, ToolChoice } from '../../openai/chat/read-tools.ts';
import type { Reply } from '../../server/call.ts';
import { geminiError, invalidField } from '../errors.ts';
import { readRecord, readRecords } from '../read-record.ts';
import type { GeminiRecord } from '../read-record.ts';
import { lowerTypes } from './read-generation-config.ts';

const NAME = /^[a-z_][a-z0-9_.:-]{0,127}$/iu;
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'];

/** The functions that may be called. */
export type Tools = { list: Tool[]; choice: ToolChoice; characters: number };

/** Reads `tools` and `toolConfig`; `characters` is the length of the tools as JSON. */
export function readTools(body: GeminiRecord): Tools | Reply {
  const tools = readRecords(body.tools);
  if (tools === undefined) return geminiError(400, 'Invalid value at "tools": not a list.');
  const list: Tool[] = [];
  for (const tool of tools) {
    for (const declaration of readRecords(tool.functionDeclarations) ?? []) {
      const { name } = declaration;
      if (typeof name !== 'string' || !NAME.test(name)) {
        const field = `tools[0].function_declarations[${list.length}].name`;
        return invalidField(field, 'Invalid function name.');
      }
      const parameters = declaration.parametersJsonSchema ?? declaration.parameters;
      list.push({ name, parameters: lowerTypes(parameters) });
    }
  }
  const config = readRecord(readRecord(body.toolConfig)?.functionCallingConfig) ?? {};
  const chosen = choose(list, config);
  const characters = tools.length === 0 ? 0 : JSON.stringify(body.tools).length;
  return 'status' in chosen ? chosen : { ...chosen, characters };
}

function choose(list: Tool[], config: GeminiRecord): Omit<Tools, 'characters'> | Reply {
  const { mode = 'AUTO', allowedFunctionNames: allowed } = config;
  if (typeof mode !== 'string' || !MODES.includes(mode)) {
    return geminiError(
      400,
      `Invalid value at 'tool_config.function_calling_config.mode', ${JSON.stringify(mode)}`,
    );
  }
  if (list.length === 0 || mode === 'NONE') return { list, choice: 'none' };
  const names: unknown[] = Array.isArray(allowed) ? allowed : [];
  if (names.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED') {
    const field = 'tool_config.function_calling_config.allowed_function_names';
    return invalidField(field, 'must only be set when the mode is ANY or VALIDATED.');
  }
  const offered = names.length === 0 ? list : list.filter(({ name }) => names.includes(name));
  return { list: offered, choice: mode === 'ANY' ? 'required' : 'auto' };
}
