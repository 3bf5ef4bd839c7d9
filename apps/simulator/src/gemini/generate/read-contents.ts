import type { ChatMessage } from '../../openai/chat/read-messages.ts';
import type { Reply } from '../../server/call.ts';
import { geminiError, invalidField } from '../errors.ts';
import { readRecord, readRecords } from '../read-record.ts';
import type { GeminiRecord } from '../read-record.ts';

const ROLES = ['user', 'model', 'function'];
const MEDIA = ['inlineData', 'fileData'];
const OTHER_DATA = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];

/** One turn, its parts joined. */
export type Turn = ChatMessage & {
  calls: number;
  responses: number;
  /** Whether the first function call carries a thought signature; true without a call. */
  signed: boolean;
};

/** Reads `contents`, or says what is wrong with them. */
export function readContents(contents: unknown): { turns: Turn[] } | Reply {
  const records = readRecords(contents);
  if (records === undefined) return geminiError(400, 'Invalid value at "contents": not a list.');
  if (records.length === 0) return invalidField('contents', 'contents is not specified');
  const turns: Turn[] = [];
  for (const [index, record] of records.entries()) {
    const turn = readTurn(record, `contents[${index}]`);
    if ('status' in turn) return turn;
    turns.push(turn);
  }
  return checkOrder(turns) ?? { turns };
}

/** Reads a Content, such as `systemInstruction` or one of `contents`. */
export function readTurn(content: GeminiRecord, field: string): Turn | Reply {
  const { role = 'user', parts: given } = content;
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    return geminiError(400, 'Please use a valid role: user, model.');
  }
  const parts = readRecords(given);
  if (parts === undefined || parts.length === 0) {
    return invalidField(`${field}.parts`, 'contents.parts must not be empty.');
  }
  const texts: (string | undefined)[] = [];
  for (const [index, part] of parts.entries()) {
    const text = readPart(part);
    if (text === 'no data') {
      const problem = "required oneof field 'data' must have one initialized field";
      return invalidField(`${field}.parts[${index}].data`, problem);
    }
    texts.push(text);
  }
  return { ...joinParts(role, parts), ...joinTexts(texts) };
}

function joinTexts(texts: (string | undefined)[]): Pick<ChatMessage, 'text' | 'mediaParts'> {
  const known = texts.filter((text) => text !== undefined);
  return { text: known.join('\n'), mediaParts: texts.length - known.length };
}

function joinParts(role: string, parts: GeminiRecord[]): Omit<Turn, 'text' | 'mediaParts'> {
  const calls = parts.filter((part) => part.functionCall !== undefined);
  const responses = parts.filter((part) => part.functionResponse !== undefined).length;
  const plainRole = role === 'model' ? 'assistant' : 'user';
  return {
    role: responses > 0 ? 'tool' : plainRole,
    calls: calls.length,
    responses,
    signed: calls[0] === undefined || typeof calls[0].thoughtSignature === 'string',
  };
}

/** The text of a part; a function call or result as JSON; undefined for media. */
function readPart(part: GeminiRecord): string | undefined {
  if (typeof part.text === 'string') return part.text;
  if (MEDIA.some((name) => part[name] !== undefined)) return undefined;
  const call = readRecord(part.functionCall);
  if (call !== undefined) return `${String(call.name)}${JSON.stringify(call.args ?? {})}`;
  const response = readRecord(part.functionResponse);
  if (response !== undefined) return JSON.stringify(response.response ?? {});
  const other = OTHER_DATA.find((name) => part[name] !== undefined);
  return other === undefined ? 'no data' : JSON.stringify(part[other]);
}

/** A turn of calls is answered by a turn with as many results. */
function checkOrder(turns: Turn[]): Reply | undefined {
  for (const [index, { responses }] of turns.entries()) {
    const calls = turns[index - 1]?.calls ?? 0;
    if (responses > 0 && calls === 0) {
      const message =
        'Please ensure that function response turn comes immediately after a function call turn.';
      return geminiError(400, message);
    }
    if (responses === calls) continue;
    const message =
      'Please ensure that the number of function response parts is equal to the number of function ' +
      'call parts of the function call turn.';
    return geminiError(400, message);
  }
  return undefined;
}
