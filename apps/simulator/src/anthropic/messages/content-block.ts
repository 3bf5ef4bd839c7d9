import { hash } from 'node:crypto';
import { invalidRequest } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';

/** An object of a request whose fields are not checked yet. */
export type RawObject = Record<string, unknown>;

/** How long a part of the prompt stays cached. */
export type CacheTtl = '5m' | '1h';

/** One part of a prompt: a tool, a block of the system prompt, or a block of a message. */
export type Segment = {
  /** As sent; what the cache compares. */
  raw: RawObject;
  /** Characters that count as tokens. */
  characters: number;
  /** Images and files, which count flat. */
  mediaParts: number;
  /** Set when the cache shall reach to the end of this segment. */
  cacheTtl: CacheTtl | undefined;
};

/** A checked content block; `text` is its text or the text of a tool's result. */
export type ContentBlock = Segment & { type: string; text: string };

/** The fields a block cannot do without, and what they are. */
const BLOCKS: Readonly<Record<string, Readonly<Record<string, 'string' | 'object' | 'any'>>>> = {
  text: { text: 'string' },
  image: { source: 'object' },
  document: { source: 'object' },
  search_result: { source: 'string', title: 'string', content: 'any' },
  thinking: { thinking: 'string', signature: 'string' },
  redacted_thinking: { data: 'string' },
  tool_use: { id: 'string', name: 'string', input: 'object' },
  tool_result: { tool_use_id: 'string' },
  server_tool_use: { id: 'string', name: 'string', input: 'object' },
};
const EXPECTED = { string: 'string', object: 'dictionary', any: 'value' } as const;
/** Begins every signature the simulator gives, so that it knows its own. */
const SIGNED = 'sluice-simulator:';

/** Checks the block at `place`, e.g. `messages.0.content.1`. */
export function readBlock(value: unknown, place: string): ContentBlock | AnthropicError {
  if (!isObject(value)) return invalidRequest(`${place}: Input should be a valid dictionary`);
  const { type } = value;
  const fields = typeof type === 'string' ? BLOCKS[type] : undefined;
  if (typeof type !== 'string' || fields === undefined) return unknownBlock(type, place);
  for (const [name, kind] of Object.entries(fields)) {
    const problem = checkField(value[name], kind);
    if (problem !== undefined) return invalidRequest(`${place}.${type}.${name}: ${problem}`);
  }
  if (type === 'text' && value.text === '') {
    return invalidRequest('messages: text content blocks must be non-empty');
  }
  if (type === 'thinking' && !isSigned(String(value.thinking), String(value.signature))) {
    return invalidRequest(`${place}: Invalid \`signature\` in \`thinking\` block`);
  }
  const cacheTtl = readCacheControl(value.cache_control, `${place}.${type}`);
  if (typeof cacheTtl === 'object') return cacheTtl;
  return { type, raw: value, cacheTtl, ...measure(type, value) };
}

/** Reads `cache_control`; `place` is what carries it. */
export function readCacheControl(
  control: unknown,
  place: string,
): CacheTtl | undefined | AnthropicError {
  if (control === undefined || control === null) return undefined;
  const { type, ttl = '5m' } = isObject(control) ? control : {};
  if (type !== 'ephemeral') {
    return invalidRequest(`${place}.cache_control.type: Input should be 'ephemeral'`);
  }
  if (ttl === '5m' || ttl === '1h') return ttl;
  return invalidRequest(`${place}.cache_control.ttl: Input should be '5m' or '1h'`);
}

/** The signature of a thinking block. */
export function signThinking(thinking: string): string {
  return Buffer.from(SIGNED + hash('sha256', thinking)).toString('base64');
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An omitted text still carries the signature of what was thought. */
function isSigned(thinking: string, signature: string): boolean {
  const isOwn = Buffer.from(signature, 'base64').toString().startsWith(SIGNED);
  return isOwn && (thinking === '' || signature === signThinking(thinking));
}

function checkField(value: unknown, kind: keyof typeof EXPECTED): string | undefined {
  if (value === undefined) return 'Field required';
  const isRight = kind === 'any' || (kind === 'object' ? isObject(value) : typeof value === kind);
  return isRight ? undefined : `Input should be a valid ${EXPECTED[kind]}`;
}

function unknownBlock(type: unknown, place: string): AnthropicError {
  if (type === undefined) return invalidRequest(`${place}.type: Field required`);
  const tags = Object.keys(BLOCKS).map((tag) => `'${tag}'`);
  return invalidRequest(
    `${place}: Input tag ${JSON.stringify(type)} found using 'type' does not match any of the expected tags: ${tags.join(', ')}`,
  );
}

function measure(
  type: string,
  raw: RawObject,
): Pick<ContentBlock, 'text' | 'characters' | 'mediaParts'> {
  switch (type) {
    case 'text': {
      const text = String(raw.text);
      return { text, characters: text.length, mediaParts: 0 };
    }
    case 'image':
    case 'document':
      return { text: '', characters: 0, mediaParts: 1 };
    case 'tool_result':
      return measureResult(raw.content);
    case 'thinking':
      return { text: '', characters: String(raw.thinking).length, mediaParts: 0 };
    default:
      return { text: '', characters: JSON.stringify(raw).length, mediaParts: 0 };
  }
}

function measureResult(content: unknown): ReturnType<typeof measure> {
  if (typeof content === 'string')
    return { text: content, characters: content.length, mediaParts: 0 };
  const parts: unknown[] = Array.isArray(content) ? content : [];
  const texts = parts.map((part) => (isObject(part) ? part.text : undefined));
  const text = texts.filter((each) => typeof each === 'string').join('\n');
  const mediaParts = texts.filter((each) => typeof each !== 'string').length;
  return { text, characters: text.length, mediaParts };
}
