import type { Readable } from 'node:stream';

/** More of a reply is not read: beyond it the connection costs more than opening another one. */
const maxReadBytes = 20 * 1024;

/** What the delivery log shows of a body. */
const maxExcerptBytes = 2_000;

/**
 * The start of a reply's body as text. Reads at most 20 KB: a shorter body leaves the connection usable for the next
 * delivery, a longer one destroys it. Never rejects: a body that breaks off, or is aborted, gives what had come by then.
 */
export async function readExcerpt(body: Readable): Promise<string> {
  const kept: Buffer[] = [];
  let readBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (readBytes < maxExcerptBytes) kept.push(chunk.subarray(0, maxExcerptBytes - readBytes));
      readBytes += chunk.length;
      if (readBytes >= maxReadBytes) break;
    }
  } catch {
    // The status has decided already; the text is for people.
  }
  return excerptOf(Buffer.concat(kept));
}

/** The first 2,000 bytes of a text in UTF-8, as text. */
export function excerptOf(bytes: Buffer): string {
  // As a stream, so that a character cut in two is left out instead of shown broken.
  return new TextDecoder().decode(bytes.subarray(0, maxExcerptBytes), { stream: true });
}
