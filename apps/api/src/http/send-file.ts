import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Request, Response } from 'express';

import type { FileStore, StoredFile } from '@sluice/batches';
import { SluiceError } from '@sluice/contracts';
import type { Logger } from '@sluice/runtime';

import { requestIdOf } from './reply.ts';

/**
 * Answers with the bytes of a file, part by part, no faster than the client takes them. A client that goes away ends it.
 * `Range` may name one range; any other form of it is ignored, as RFC 9110 allows.
 * @throws SluiceError `invalid_request` for a range that begins behind the end.
 */
export async function sendFile(
  request: Request,
  response: Response,
  file: StoredFile,
  { files, log }: { files: FileStore; log: Logger },
): Promise<void> {
  const range = rangeOf(request, file.bytes);
  const { from, to } = range ?? { from: 0, to: file.bytes };
  response.writeHead(range ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': to - from,
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
    'Accept-Ranges': 'bytes',
    ...(range && { 'Content-Range': `bytes ${from}-${to - 1}/${file.bytes}` }),
    'X-Request-Id': requestIdOf(response),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  });
  try {
    await pipeline(Readable.from(files.bytes(file, { from, to }), { objectMode: false }), response);
  } catch (error) {
    // The status is out: all that can be told is that the body is not whole.
    if (response.writableFinished || request.socket.destroyed) return;
    log.warn({ err: error, fileId: file.fileId }, 'a file could not be sent');
    response.destroy();
  }
}

function rangeOf(request: Request, bytes: number): { from: number; to: number } | undefined {
  const given = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(request.headers.range ?? '');
  if (!given) return undefined;
  const from = Number(given[1]);
  const to = given[2] === '' ? bytes : Math.min(bytes, Number(given[2]) + 1);
  if (from < to) return { from, to };
  throw new SluiceError('invalid_request', `Range: the file has ${bytes} bytes`, {
    param: 'Range',
  });
}
