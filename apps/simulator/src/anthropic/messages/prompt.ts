import { countTokens } from '../../text.ts';
import { invalidRequest } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';
import { isObject, readBlock, readCacheControl } from './content-block.ts';
import type { RawObject, Segment } from './content-block.ts';
import type { Turn } from './read-turns.ts';

/** What an image or a file adds to the prompt. */
const TOKENS_PER_MEDIA_PART = 85;
const MAX_CACHE_MARKS = 4;

/** All parts of a prompt in the order in which the vendor caches them: tools, system, messages. */
export type Prompt = {
  segments: Segment[];
  /** Tokens up to and including each segment. */
  totals: number[];
  tokens: number;
};

/** Reads `system`, a text or text blocks. */
export function readSystem(system: unknown): { blocks: Segment[] } | AnthropicError {
  if (system === undefined || system === '') return { blocks: [] };
  const values = typeof system === 'string' ? [{ type: 'text', text: system }] : system;
  if (!Array.isArray(values)) return invalidRequest('system: Input should be a valid list');
  const blocks: Segment[] = [];
  for (const [index, value] of values.entries()) {
    if (isObject(value) && value.type !== 'text') {
      return invalidRequest(`system.${index}.type: Input should be 'text'`);
    }
    const block = readBlock(value, `system.${index}`);
    if ('status' in block) return block;
    blocks.push(block);
  }
  return { blocks };
}

/** Puts the parts together; a `cache_control` of the whole request marks the last one. */
export function assemblePrompt(
  parts: { tools: Segment[]; system: Segment[]; turns: Turn[] },
  cacheControl: unknown,
): Prompt | AnthropicError {
  const messages = parts.turns.flatMap(({ role, blocks }) =>
    blocks.map((block) => ofRole(role, block)),
  );
  const segments = [...parts.tools, ...parts.system, ...messages];
  const ttl = readCacheControl(cacheControl, 'cache_control');
  if (typeof ttl === 'object') return ttl;
  const last = segments.pop();
  if (last !== undefined) segments.push(ttl === undefined ? last : { ...last, cacheTtl: ttl });
  return checkMarks(segments) ?? measurePrompt(segments);
}

/** The same block said by another role is another prompt. */
function ofRole(role: string, segment: Segment): Segment {
  const raw: RawObject = { role, block: segment.raw };
  return { ...segment, raw };
}

function checkMarks(segments: Segment[]): AnthropicError | undefined {
  const marks = segments.flatMap(({ cacheTtl }) => cacheTtl ?? []);
  if (marks.length > MAX_CACHE_MARKS) {
    return invalidRequest(
      `A maximum of ${MAX_CACHE_MARKS} blocks with cache_control may be provided. Found ${marks.length}.`,
    );
  }
  const shorter = marks.indexOf('5m');
  if (shorter === -1 || marks.lastIndexOf('1h') < shorter) return undefined;
  return invalidRequest(
    "cache_control: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.",
  );
}

function measurePrompt(segments: Segment[]): Prompt {
  let characters = 0;
  let mediaParts = 0;
  const totals = segments.map((segment) => {
    characters += segment.characters;
    mediaParts += segment.mediaParts;
    return countTokens(characters) + mediaParts * TOKENS_PER_MEDIA_PART;
  });
  return { segments, totals, tokens: totals.at(-1) ?? 0 };
}
