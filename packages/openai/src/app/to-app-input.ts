import type { IncomingHttpHeaders } from 'node:http';

import { isObject, type Config } from '@sluice/config';
import {
  SluiceError,
  type AppKind,
  type ChatMessage,
  type WorkflowFile,
  type WorkflowInput,
} from '@sluice/contracts';

/** The variable of a workflow that gets the text, where no header names another one. */
const usualVariable = 'query';

export interface AskedApp {
  messages: readonly ChatMessage[];
  /** The app goes on with its own conversation: it knows what was said before. */
  hasSession: boolean;
  headers: IncomingHttpHeaders;
}

/**
 * Messages as the input of an app. An app takes one text: the last message of the user. What stands before it (instructions,
 * turns) is put in front of it, unless the app's own conversation has it. A workflow has no question and gets the text as a
 * variable: `query`, or what `X-Dify-Input-Variable` names. Images and files of that message become files of the run.
 * @throws SluiceError `invalid_request` where the last message is not a user's, or a header is not what it must be.
 */
export function toAppInput(
  app: string,
  { messages, hasSession, headers }: AskedApp,
  { routes }: Pick<Config, 'routes'>,
): WorkflowInput {
  const last = messages.at(-1);
  if (last?.role !== 'user') {
    throw refuse(
      'messages',
      `the last one must be of the role user, which the app answers; got ${last?.role}`,
    );
  }
  const asked = textOf(last);
  const before = hasSession ? '' : transcript(messages.slice(0, -1));
  const query = before === '' ? asked : `${before}\n\nuser: ${asked}`;
  const files = filesOf(last);
  const inputs = variablesOf(headers);
  const kind: AppKind = routes.workflow[app]?.targets[0].app?.kind ?? 'workflow';
  const variable = String(headers['x-dify-input-variable'] ?? usualVariable);
  return {
    inputs: kind === 'workflow' ? { [variable]: query, ...inputs } : inputs,
    ...(kind !== 'workflow' && query !== '' && { query }),
    ...(files.length > 0 && { files }),
  };
}

/** Instructions as they are, turns with who said them. */
function transcript(messages: readonly ChatMessage[]): string {
  return messages
    .map((message) => {
      const text = textOf(message);
      return message.role === 'system' || message.role === 'developer'
        ? text
        : `${message.role}: ${text}`;
    })
    .join('\n');
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function filesOf({ content }: ChatMessage): WorkflowFile[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part): WorkflowFile[] => {
    if (part.type === 'image_url') return [imageOf(part.image_url.url)];
    if (part.type === 'input_audio') {
      const { data, format } = part.input_audio;
      return [{ type: 'audio', transfer_method: 'base64', data, filename: `audio.${format}` }];
    }
    return part.type === 'file' ? [documentOf(part.file)] : [];
  });
}

function imageOf(url: string): WorkflowFile {
  const found = dataUrl.exec(url);
  if (!found) return { type: 'image', transfer_method: 'remote_url', url };
  const [, mediaType = 'image/png', data = ''] = found;
  const filename = `image.${mediaType.split('/')[1]}`;
  return { type: 'image', transfer_method: 'base64', data, filename, mime_type: mediaType };
}

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+);base64,([A-Za-z0-9+/]+={0,2})$/;

function documentOf({
  file_data: given,
  filename = 'document',
  file_id: id,
}: FilePart): WorkflowFile {
  if (id !== undefined) {
    return { type: 'document', transfer_method: 'local_file', upload_file_id: id };
  }
  const [, mediaType, data = given ?? ''] = dataUrl.exec(given ?? '') ?? [];
  return {
    type: 'document',
    transfer_method: 'base64',
    data,
    filename,
    ...(mediaType !== undefined && { mime_type: mediaType }),
  };
}

interface FilePart {
  file_data?: string | undefined;
  filename?: string | undefined;
  file_id?: string | undefined;
}

function variablesOf(headers: IncomingHttpHeaders): Record<string, unknown> {
  const given = headers['x-dify-inputs'];
  if (given === undefined) return {};
  try {
    // Header values are read as Latin-1, one character a byte.
    const value: unknown = JSON.parse(Buffer.from(String(given), 'latin1').toString('utf8'));
    if (isObject(value) && !Object.hasOwn(value, '__proto__')) return value;
  } catch {
    // Told below.
  }
  throw refuse('X-Dify-Inputs', 'must be a JSON object of the app’s variables');
}

function refuse(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
