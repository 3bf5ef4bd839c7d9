import type { IncomingHttpHeaders } from 'node:http';

import { SluiceError } from '@sluice/contracts';
import { Agent, type Dispatcher } from 'undici';

import { parseAllowList, type AllowList } from './allow-list.ts';
import { checkUrl } from './check-url.ts';
import { createGuardedConnector, type Lookup } from './guarded-connector.ts';

export interface DownloaderOptions {
  /** Hosts, IPs and CIDRs that may be reached although private. */
  allowPrivateHosts: readonly string[];
  /** Replaces the system's resolver. */
  lookup?: Lookup;
}

/** What to fetch. */
export interface Download {
  url: string;
  /** Where the URL stands in the client's request, for messages: `input.audio.url`. */
  param: string;
  maxBytes: number;
  /** Media types that are taken, lower case. */
  accepts(mediaType: string): boolean;
  signal: AbortSignal;
}

export interface Downloaded {
  bytes: Buffer;
  /** Lower case, without parameters. */
  mediaType: string;
  /** Where it was in the end, after redirects. */
  url: string;
}

export interface Downloader {
  /**
   * One file that a client named by URL, through the address guard; every redirect goes through it again.
   * @throws SluiceError `blocked_address`; `download_failed`, retryable where a later attempt may succeed; the signal's
   *   reason when that is a SluiceError.
   */
  download(download: Download): Promise<Downloaded>;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
const maxHeaderBytes = 16 * 1024;
const maxRedirects = 3;

/** @throws SluiceError `invalid_request` if an entry of `allowPrivateHosts` cannot be read. */
export function createDownloader({ allowPrivateHosts, lookup }: DownloaderOptions): Downloader {
  const allow = parseAllowList(allowPrivateHosts);
  const agent = new Agent({
    connect: createGuardedConnector({ allow, connectTimeoutMs, lookup }),
    maxHeaderSize: maxHeaderBytes,
    // The signal's deadline covers the whole download.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    download: (download) => follow(agent, allow, download),
    close: () => agent.destroy(),
  };
}

async function follow(agent: Agent, allow: AllowList, download: Download): Promise<Downloaded> {
  let { url } = download;
  try {
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const { origin, pathname, search, href } = checkUrl(url, allow, download.param);
      const reply = await get(agent, { origin, path: `${pathname}${search}` }, download.signal);
      const location = redirectOf(reply);
      if (location === undefined) return await read(reply, href, download);
      discard(reply.body);
      url = URL.parse(location, href)?.href ?? location;
    }
  } catch (error) {
    throw asFailure(error, download);
  }
  throw failed(download, `redirects more than ${maxRedirects} times`, false);
}

/** undici looks at the signal only once it has a connection: a name server can keep it from that for long. */
function get(
  agent: Agent,
  place: { origin: string; path: string },
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const headers = { 'user-agent': 'sluice', 'accept-encoding': 'identity' };
  const replying = agent.request({ ...place, method: 'GET', headers, signal });
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    replying.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
  return isRedirect ? single(headers, 'location') : undefined;
}

async function read(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  url: string,
  download: Download,
): Promise<Downloaded> {
  const { maxBytes } = download;
  const mediaType =
    (single(headers, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const problem = problemOf(
    statusCode,
    mediaType,
    Number(single(headers, 'content-length')),
    download,
  );
  if (problem) {
    discard(body);
    throw problem;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(download);
    chunks.push(chunk);
  }
  if (size === 0) throw failed(download, 'is an empty file', false);
  return { bytes: Buffer.concat(chunks), mediaType, url };
}

/** Closes the connection; what a body says about that is of no interest. */
function discard(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => undefined);
  body.destroy();
}

function problemOf(
  status: number,
  mediaType: string,
  length: number,
  download: Download,
): SluiceError | undefined {
  if (status !== 200) {
    return failed(
      download,
      `answered ${status}`,
      status >= 500 || status === 429 || status === 408,
    );
  }
  if (length > download.maxBytes) return tooLarge(download);
  if (download.accepts(mediaType)) return undefined;
  return failed(
    download,
    `is of type ${mediaType.slice(0, 100) || 'unknown'}, which is not taken`,
    false,
  );
}

function tooLarge(download: Download): SluiceError {
  return failed(download, `has more than ${download.maxBytes} bytes`, false);
}

function failed(
  { param }: Download,
  problem: string,
  retryable: boolean,
  cause?: unknown,
): SluiceError {
  return new SluiceError('download_failed', `${param} ${problem}`, { param, retryable, cause });
}

/** Errors of the network as `download_failed`, a SluiceError as it is but with the place of the URL. */
function asFailure(error: unknown, download: Download): SluiceError {
  const { reason }: { reason: unknown } = download.signal;
  if (download.signal.aborted && reason instanceof SluiceError) return reason;
  if (download.signal.aborted) return failed(download, 'was not fetched in time', true, error);
  if (!(error instanceof SluiceError)) return failed(download, 'cannot be reached', true, error);
  if (error.code !== 'blocked_address' || error.param !== undefined) return error;
  const { param } = download;
  return new SluiceError('blocked_address', `${param}: ${error.message}`, { param, cause: error });
}

function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
