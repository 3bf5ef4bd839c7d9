import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';

import type { Upload } from '@sluice/batches';
import { SluiceError } from '@sluice/contracts';

/** A form with one file. */
export interface ReceivedForm {
  upload: Upload;
  filename: string;
  /** What the client says that the file is, where that is a media type. */
  mediaType: string | undefined;
  /** The other fields by their names. */
  fields: ReadonlyMap<string, string>;
}

/** A client that sends nothing for so long has gone. */
const idleMs = 30_000;

/** What is read on of a body that was refused, so that the client sees why; beyond, it is cut. */
const maxDiscardedBytes = 16 * 1024 * 1024;

const limits = {
  files: 1,
  fields: 16,
  fieldNameSize: 100,
  fieldSize: 1_024,
  parts: 17,
  headerPairs: 100,
};

/**
 * Receives a `multipart/form-data` body whose file is the field `file`, in whatever order the fields come. The file goes to the upload
 * that `open` gives as it comes in, never faster than that takes it.
 * @throws SluiceError `unsupported_media_type`, `invalid_request`, or what the upload throws; the upload is given up then.
 */
export async function receiveFile(
  request: IncomingMessage,
  open: () => Promise<Upload>,
): Promise<ReceivedForm> {
  const form = new FormReader(open, () => request.destroy());
  const parser = createParser(request);
  form.listen(parser);
  const idle = setTimeout(() => request.destroy(), idleMs);
  request.on('data', () => idle.refresh());
  try {
    await pipeline(request, parser);
    return await form.whole();
  } catch (error) {
    await form.abort();
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('invalid_request', `the form cannot be read: ${textOf(error)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(idle);
  }
}

function createParser(request: IncomingMessage): BusboyInstance {
  const type = request.headers['content-type'];
  if (type === undefined || !/^multipart\/form-data\s*;/i.test(type)) {
    const given = type === undefined ? 'none' : `"${type.slice(0, 80)}"`;
    const message = `Content-Type must be multipart/form-data with a boundary; got ${given}`;
    throw new SluiceError('unsupported_media_type', message);
  }
  try {
    return new Busboy({ headers: { ...request.headers, 'content-type': type }, limits });
  } catch (error) {
    throw new SluiceError('invalid_request', `the form cannot be read: ${textOf(error)}`);
  }
}

class FormReader {
  readonly #open: () => Promise<Upload>;
  readonly #cut: () => void;
  readonly #fields = new Map<string, string>();
  #problem: SluiceError | undefined;
  #filename = '';
  #mediaType: string | undefined;
  #upload: Promise<Upload> | undefined;
  #writing: Promise<void> | undefined;
  #stream: Readable | undefined;

  constructor(open: () => Promise<Upload>, cut: () => void) {
    this.#open = open;
    this.#cut = cut;
  }

  listen(parser: BusboyInstance): void {
    parser.on('field', (name, value, nameTruncated, valueTruncated) => {
      if (nameTruncated || valueTruncated) this.#refuse(name, 'is too long');
      else if (this.#fields.has(name)) this.#refuse(name, 'must be given only once');
      else this.#fields.set(name, value);
    });
    parser.on('file', (...[name, stream, filename, , mediaType]) => {
      // That a form ends within a file is told to its stream and to the parser, whose pipeline rejects. The stream has no reader
      // before the upload is open and after it was given up, and an error that nobody hears ends the process.
      stream.on('error', () => {});
      if (/^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(mediaType)) this.#mediaType = mediaType;
      this.#take(name, stream, filename);
    });
    parser.on('filesLimit', () => this.#refuse('file', 'must be given only once'));
    parser.on('fieldsLimit', () =>
      this.#refuse('form', `must not have more than ${limits.fields} fields`),
    );
    parser.on('partsLimit', () =>
      this.#refuse('form', `must not have more than ${limits.parts} parts`),
    );
  }

  /** @throws SluiceError for the first thing that was wrong. */
  async whole(): Promise<ReceivedForm> {
    await this.#writing;
    if (this.#problem) throw this.#problem;
    const upload = await this.#upload;
    if (!upload) throw new SluiceError('invalid_request', 'file: is missing', { param: 'file' });
    return {
      upload,
      filename: this.#filename,
      mediaType: this.#mediaType,
      fields: this.#fields,
    };
  }

  async abort(): Promise<void> {
    // Of a form that breaks off the parser never ends the file.
    this.#stream?.destroy();
    const opened = await Promise.allSettled([this.#upload, this.#writing]);
    const [upload] = opened;
    if (upload.status === 'fulfilled') await upload.value?.abort();
  }

  #take(name: string, stream: BusboyFileStream, filename: string | undefined): void {
    if (name !== 'file' || this.#upload) {
      this.#refuse(name, 'is no field for a file; send one, as "file"');
      stream.resume();
      return;
    }
    this.#filename = cleanName(filename);
    this.#stream = stream;
    this.#upload = this.#open();
    this.#writing = this.#write(stream, this.#upload).catch((error: unknown) => {
      this.#problem ??= SluiceError.from(error);
      stream.resume();
    });
  }

  /** Reads to the end whatever happens: the parser waits for that, and the client for its answer. */
  async #write(stream: Readable, opening: Promise<Upload>): Promise<void> {
    const upload = await opening;
    let discarded = 0;
    // A stream without an encoding gives buffers.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!this.#problem) await this.#writeChunk(upload, chunk);
      else discarded += chunk.length;
      if (discarded > maxDiscardedBytes) this.#cut();
    }
  }

  async #writeChunk(upload: Upload, chunk: Buffer): Promise<void> {
    try {
      await upload.write(chunk);
    } catch (error) {
      this.#problem ??= SluiceError.from(error);
    }
  }

  #refuse(name: string, why: string): void {
    const param = name.slice(0, 100);
    this.#problem ??= new SluiceError('invalid_request', `${param}: ${why}`, { param });
  }
}

/** The last part of a path, without what no file name holds. It is shown and never used as a path. */
function cleanName(given: string | undefined): string {
  const last = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  // oxlint-disable-next-line no-control-regex
  const clean = last.replaceAll(/[\u0000-\u001f\u007f]/g, '').slice(0, 255);
  return clean === '' ? 'file' : clean.toWellFormed();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
