/** A line of a file. Places are bytes from the beginning of the file. */
export interface Line {
  /** Counts from 1 where reading began; blank lines count. */
  number: number;
  bytes: Buffer;
  /** Behind its line feed. */
  end: number;
  /** It has more bytes than a line may have; `bytes` are its first ones. */
  isTooLong: boolean;
}

const lineFeed = 10;
const carriageReturn = 13;

/**
 * The lines of a file from a place on that is the beginning of one, without blank ones. At most one chunk and one line
 * are in memory, of a line never more than `maxBytes`.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  { from = 0, maxBytes }: { from?: number; maxBytes: number },
): AsyncGenerator<Line> {
  let number = 0;
  let end = from;
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, start)) {
      const piece = chunk.subarray(start, at);
      number += 1;
      end += heldBytes + piece.length + 1;
      const line = lineOf(held, heldBytes, piece, maxBytes);
      if (line.bytes.length > 0) yield { ...line, number, end };
      [held, heldBytes, start] = [[], 0, at + 1];
    }
    const rest = chunk.subarray(start);
    // What is beyond the most that a line may have is only counted.
    if (heldBytes <= maxBytes) held.push(rest);
    heldBytes += rest.length;
  }
  const last = lineOf(held, heldBytes, Buffer.alloc(0), maxBytes);
  if (last.bytes.length > 0) yield { ...last, number: number + 1, end: end + heldBytes };
}

function lineOf(
  held: readonly Buffer[],
  heldBytes: number,
  piece: Buffer,
  maxBytes: number,
): Pick<Line, 'bytes' | 'isTooLong'> {
  const isTooLong = heldBytes + piece.length > maxBytes;
  const whole = held.length === 0 ? piece : Buffer.concat([...held, piece]);
  return { bytes: trimmed(whole.subarray(0, maxBytes)), isTooLong };
}

/** Without white space at its ends; of a blank line nothing is left. */
function trimmed(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === carriageReturn;
}
