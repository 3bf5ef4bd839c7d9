import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import { readDataUrl } from '../chat/data-url.ts';
import { refuseParameter, unsupportedInput } from '../chat/refuse-input.ts';

/** One part of a Gemini content. */
export type GeminiPart = Record<string, unknown>;

type Content = NonNullable<ChatMessage['content']>;
type ContentPart = Exclude<Content, string>[number];
type PartOf<Type extends ContentPart['type']> = Extract<ContentPart, { type: Type }>;

/** What a name ends in, for data that does not say what it is. */
const mimeTypes: Record<string, string> = {
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  mp3: 'audio/mp3',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  txt: 'text/plain',
  wav: 'audio/wav',
  webp: 'image/webp',
};

/**
 * Content as parts: text, data as `inlineData`, URLs as `fileData`. Throws `upstream_invalid_request` for what has no such
 * form. `path` is where the content stands in the input.
 * @see https://ai.google.dev/api/caching#Part
 */
export function convertContent(target: Target, content: Content, path: string): GeminiPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  return content.map((part, index) => convertPart(target, part, `${path}[${index}]`));
}

function convertPart(target: Target, part: ContentPart, path: string): GeminiPart {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'image_url':
      return convertImage(target, part, `${path}.image_url`);
    case 'input_audio': {
      const { data, format } = part.input_audio;
      return { inlineData: { mimeType: mimeTypes[format] ?? `audio/${format}`, data } };
    }
    case 'file':
      return convertFile(target, part, `${path}.file`);
  }
}

function convertImage(target: Target, part: PartOf<'image_url'>, path: string): GeminiPart {
  const { url, detail = 'auto' } = part.image_url;
  if (detail !== 'auto') refuseParameter(target, `${path}.detail`);
  return inlineData(url) ?? fileData(url);
}

function convertFile(target: Target, part: PartOf<'file'>, path: string): GeminiPart {
  const { file_id: id, file_data: data, filename = '' } = part.file;
  if (data !== undefined) {
    const mimeType = mimeTypeOf(filename);
    if (!/^data:/i.test(data) && mimeType !== undefined) return { inlineData: { mimeType, data } };
    const inline = inlineData(data);
    if (inline) return inline;
    throw unsupportedInput(
      target,
      `${path}.file_data`,
      'it must be a data URL, or have a filename',
    );
  }
  if (id !== undefined && URL.canParse(id)) return fileData(id);
  throw unsupportedInput(
    target,
    `${path}.file_id`,
    'it must be the URI of a file that Gemini holds',
  );
}

function inlineData(url: string): GeminiPart | undefined {
  const inline = readDataUrl(url);
  return inline && { inlineData: { mimeType: inline.mimeType, data: inline.base64 } };
}

function fileData(uri: string): GeminiPart {
  const mimeType = mimeTypeOf(URL.parse(uri)?.pathname ?? '');
  return { fileData: { ...(mimeType !== undefined && { mimeType }), fileUri: uri } };
}

function mimeTypeOf(name: string): string | undefined {
  return mimeTypes[/\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''];
}
