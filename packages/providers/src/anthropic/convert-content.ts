import type { Target } from '@sluice/config';
import type { ChatMessage } from '@sluice/contracts';

import { readDataUrl, type InlineData } from '../chat/data-url.ts';
import { refuseParameter, unsupportedInput } from '../chat/refuse-input.ts';

/** A content block of Anthropic's. */
export type Block = Record<string, unknown> & { type: string };

type Content = NonNullable<ChatMessage['content']>;
type Part = Exclude<Content, string>[number];
type PartOf<Type extends Part['type']> = Extract<Part, { type: Type }>;

/** Content that may hold text, images and documents. Texts without a character are left out: the vendor refuses them. */
export function convertContent(target: Target, content: Content, path: string): Block[] {
  return partsOf(content).flatMap((part, index) => {
    const at = typeof content === 'string' ? path : `${path}[${index}]`;
    const block = convertPart(target, part, at);
    if (block['text'] === '') return [];
    return [{ ...block, ...(part.cache_control && { cache_control: part.cache_control }) }];
  });
}

/** Content that may hold nothing but text: the system prompt, and what the assistant said. */
export function convertTexts(target: Target, content: Content, path: string): Block[] {
  const other = partsOf(content).findIndex((part) => part.type !== 'text');
  if (other < 0) return convertContent(target, content, path);
  throw unsupportedInput(target, `${path}[${other}]`, 'only a user or a tool may say this');
}

function partsOf(content: Content): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function convertPart(target: Target, part: Part, path: string): Block {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image_url':
      return convertImage(target, part, path);
    case 'file':
      return convertFile(target, part, path);
    case 'input_audio':
      throw unsupportedInput(target, path, 'it does not hear');
  }
}

function convertImage(target: Target, { image_url }: PartOf<'image_url'>, path: string): Block {
  const { url, detail = 'auto' } = image_url;
  if (detail !== 'auto') {
    refuseParameter(target, `${path}.image_url.detail`, 'it has one degree of detail');
  }
  if (/^https?:/i.test(url)) return { type: 'image', source: { type: 'url', url } };
  const data = readDataUrl(url);
  if (data) return { type: 'image', source: sourceOf(data) };
  throw unsupportedInput(target, `${path}.image_url.url`, 'it is no http, https or data URL');
}

function convertFile(target: Target, { file }: PartOf<'file'>, path: string): Block {
  const { file_id: id, file_data: text, filename } = file;
  const title = filename === undefined ? {} : { title: filename };
  if (id !== undefined) {
    return { type: 'document', source: { type: 'file', file_id: id }, ...title };
  }
  const data = readDataUrl(text ?? '');
  if (!data) throw unsupportedInput(target, `${path}.file`, 'it has no file_id and no data URL');
  if (data.mimeType.startsWith('image/')) return { type: 'image', source: sourceOf(data) };
  return { type: 'document', source: documentSource(target, data, path), ...title };
}

function documentSource(target: Target, data: InlineData, path: string): object {
  if (data.mimeType === 'application/pdf') return sourceOf(data);
  if (data.mimeType === 'text/plain') {
    const text = Buffer.from(data.base64, 'base64').toString();
    return { type: 'text', media_type: data.mimeType, data: text };
  }
  const problem = `it reads PDF, plain text and images, no ${data.mimeType}`;
  throw unsupportedInput(target, `${path}.file.file_data`, problem);
}

function sourceOf({ mimeType, base64 }: InlineData): object {
  return { type: 'base64', media_type: mimeType, data: base64 };
}
