import type { Target } from '@sluice/config';
import { maxRawBytes, type RawReply } from '@sluice/contracts';

import { TextReader, type BodyReader } from './body-reader.ts';
import type { ReplyHead } from './exchange.ts';
import { secretRedactorOf } from './redact.ts';

/** Told the whole reply of a call that succeeded. Must not throw. */
export type OnRaw = (raw: RawReply) => void;

/** Reads as `reader` does, and hands what it read to `onRaw` when that has become a value. */
export function keepRaw<T>(
  reader: BodyReader<T>,
  { head, target, onRaw }: { head: ReplyHead; target: Target; onRaw: OnRaw },
): BodyReader<T> {
  const text = new TextReader(maxRawBytes);
  return {
    write(chunk) {
      if (!text.isCut) text.write(chunk);
      return reader.write(chunk);
    },
    async end() {
      const value = await reader.end();
      onRaw(toRaw(head, secretRedactorOf(target)(text.end()), text.isCut));
      return value;
    },
  };
}

function toRaw({ headers }: ReplyHead, text: string, isCut: boolean): RawReply {
  const type = headers['content-type'] ?? 'application/json';
  if (isCut) return { content_type: type, body: text, truncated: true };
  return { content_type: type, body: /^application\/json\b/i.test(type) ? parsed(text) : text };
}

/** A reader may take what is no JSON by the letter; then the text is what there is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
