import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** As much of S3 as a store of objects needs: put, get, list by prefix, and delete of many; path style, any signature. */
export interface FakeS3 {
  url: string;
  /** Objects by `<bucket>/<key>`. */
  objects: Map<string, Buffer>;
  /** Requests as `PUT /bucket/key`. */
  requests: string[];
  stop(): Promise<void>;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export async function startFakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    requests.push(`${request.method} ${url.pathname}`);
    void answer(request, response, { url, objects });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is never a path.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { url, objects }: { url: URL; objects: FakeS3['objects'] },
): Promise<void> {
  const name = decodeURIComponent(url.pathname.slice(1));
  const body = unchunked(request, await buffer(request));
  if (request.method === 'PUT') {
    objects.set(name, body);
    response.writeHead(200, { ETag: '"1"' }).end();
  } else if (request.method === 'POST') {
    for (const [, key] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) {
      objects.delete(`${name.replace(/\/$/, '')}/${key}`);
    }
    xml(response, '<DeleteResult></DeleteResult>');
  } else if (url.searchParams.has('list-type')) {
    const bucket = `${name.replace(/\/$/, '')}/`;
    const wanted = bucket + (url.searchParams.get('prefix') ?? '');
    const found = [...objects].filter(([key]) => key.startsWith(wanted));
    const contents = found.map(([key, { length }]) => {
      return `<Contents><Key>${key.slice(bucket.length)}</Key><Size>${length}</Size></Contents>`;
    });
    const count = `<IsTruncated>false</IsTruncated><KeyCount>${found.length}</KeyCount>`;
    xml(response, `<ListBucketResult>${count}${contents.join('')}</ListBucketResult>`);
  } else {
    const found = objects.get(name);
    if (found) response.writeHead(200, { 'Content-Length': found.length }).end(found);
    else xml(response, '<Error><Code>NoSuchKey</Code></Error>', 404);
  }
}

/** The AWS SDK may send a body in signed chunks: `<hex size>;chunk-signature=…\r\n<bytes>\r\n`. */
function unchunked({ headers }: IncomingMessage, body: Buffer): Buffer {
  if (!headers['content-encoding']?.includes('aws-chunked')) return body;
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function xml(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}
