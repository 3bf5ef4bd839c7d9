import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';

import { SluiceError } from '@sluice/contracts';

/**
 * What a client may still send after its body was refused as too large. Reading on lets it finish and see the reply;
 * cutting the connection at once shows many clients only a reset. Beyond this it is cut.
 */
const maxDiscardedBytes = 16 * 1024 * 1024;

/** A client that sends its body slower than this holds a socket for nothing. */
const slowestMs = 30_000;

/**
 * The whole body, decoded. The limit holds for what arrives and again for what it decodes to, so a small body cannot
 * become a large one in memory. Own code and not body-parser: on the accept path that one takes most of the time.
 * @throws SluiceError `body_too_large`, `unsupported_media_type` (an encoding other than gzip, deflate, br), `invalid_request`.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return collect(request, maxBytes);
  return readEncoded(request, encoding, maxBytes);
}

async function readEncoded(
  request: IncomingMessage,
  encoding: string,
  maxBytes: number,
): Promise<Buffer> {
  const decode = decoders.get(encoding);
  if (!decode) {
    throw new SluiceError(
      'unsupported_media_type',
      `Content-Encoding must be ${[...decoders.keys()].join(', ')} or absent; got "${encoding}"`,
    );
  }
  const encoded = await collect(request, maxBytes);
  try {
    return await decode(encoded, { maxOutputLength: maxBytes });
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge(maxBytes);
    throw new SluiceError('invalid_request', `the body is not valid ${encoding}`, { cause: error });
  }
}

type Decode = (encoded: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify(brotliDecompress) as Decode],
]);

function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length']) > maxBytes) reject(tooLarge(maxBytes));
    limitTime(request);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(tooLarge(maxBytes));
      if (size > maxBytes + maxDiscardedBytes) request.destroy();
    });
    request.on('end', () => {
      const [first] = chunks;
      resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks));
    });
    request.on('error', (cause) => {
      reject(new SluiceError('invalid_request', 'the body ended early', { cause }));
    });
  });
}

/** Requests of this turn of the event loop whose body is read. */
let begun: IncomingMessage[] = [];

/** Most bodies are there by the end of the turn in which their headers came: only others are given a timer. */
function limitTime(request: IncomingMessage): void {
  if (begun.push(request) > 1) return;
  setImmediate(() => {
    const unfinished = begun.filter(({ complete, destroyed }) => !complete && !destroyed);
    begun = [];
    for (const each of unfinished) {
      const slow = setTimeout(() => each.destroy(), slowestMs);
      each.once('close', () => clearTimeout(slow));
    }
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('body_too_large', `the body must not exceed ${maxBytes} bytes, decoded`);
}
