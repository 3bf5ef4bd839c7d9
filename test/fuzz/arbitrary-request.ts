import * as fc from 'fast-check';

import { arbitraryOf, hostileStrings, type Schema } from './arbitrary-json.ts';

/** What of the OpenAPI document says how to call a route. */
export interface Operation {
  parameters?: readonly { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
}
export interface Document {
  paths: Record<string, Record<string, Operation>>;
}

export interface FuzzRequest {
  method: string;
  /** A `{known}` in it stands for something that an earlier answer named; `pick` says which. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
  pick: number;
}

const schemes = ['admin', 'tenant', 'none', 'wrong'] as const;
type Scheme = (typeof schemes)[number];

/** A body has more ways to be wrong than a path; without more requests, short runs would hardly try any. */
const weightOfBody = 4;

/** Requests for every route of the document: well-formed ones, and those with a mutation somewhere. */
export function arbitraryRequest(
  document: Document,
  keys: Record<Scheme, string | undefined>,
): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  );
  return fc.oneof(
    ...operations.map(({ path, method, operation }) => ({
      weight: operation.requestBody ? weightOfBody : 1,
      arbitrary: fc.record({
        method: mostly(
          fc.constant(method.toUpperCase()),
          fc.constantFrom('PUT', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE'),
          30,
        ),
        path: arbitraryPath(path, operation),
        headers: arbitraryHeaders(keys, operation),
        body: arbitraryBody(operation),
        pick: fc.nat(),
      }),
    })),
  );
}

function mostly<Value>(usual: fc.Arbitrary<Value>, odd: fc.Arbitrary<Value>, weight: number) {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function arbitraryPath(path: string, { parameters = [] }: Operation): fc.Arbitrary<string> {
  const hostile = fc.oneof(
    fc.constantFrom(...hostileStrings).map((text) => encode(text)),
    fc.constantFrom('%', '%zz', '%ff', '..', '%2e%2e', '%2F', ';a=b', 'a:b'),
  );
  const segments = path.split('/').map((segment, index) => {
    // What stands before the first slash: nothing, else it is no path.
    if (index === 0) return fc.constant('');
    if (!segment.startsWith('{')) return mostly(fc.constant(segment), hostile, 100);
    return fc.oneof(
      { weight: 4, arbitrary: fc.constant('{known}') },
      { weight: 1, arbitrary: hostile },
    );
  });
  const names = parameters.flatMap((parameter) =>
    parameter.in === 'query' ? [parameter.name] : [],
  );
  return fc
    .tuple(fc.tuple(...segments), arbitraryQuery(names))
    .map(([parts, query]) => `${parts.join('/')}${query}`);
}

/** Waiting is a second at most, so that a run does not wait for its own jobs. */
function arbitraryQuery(names: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    fc
      .constantFrom(...hostileStrings.filter((text) => !/^\d+$/.test(text)))
      .map((text) => encode(text)),
    fc.constantFrom('0', '1', '%', 'chat', 'completed', 'failed', 'timeline', '[]', '{}'),
  );
  const name = fc.constantFrom(...names, 'limit', 'nothing', '__proto__', 'limit[]');
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 3 });
  return pairs.map((all) =>
    all.length === 0 ? '' : `?${all.map((pair) => pair.join('=')).join('&')}`,
  );
}

function arbitraryHeaders(
  keys: Record<Scheme, string | undefined>,
  { requestBody }: Operation,
): fc.Arbitrary<Record<string, string>> {
  const key = mostly(fc.constant<Scheme>('admin'), fc.constantFrom(...schemes), 4);
  const usual = requestBody?.content[form] ? `${form}; boundary=${boundary}` : 'application/json';
  const type = mostly(
    fc.constant(usual),
    fc.constantFrom(
      'text/plain',
      'application/json; charset=utf-16',
      'multipart/form-data',
      '',
      ';',
    ),
    30,
  );
  const encoding = mostly(fc.constant(''), fc.constantFrom('gzip', 'br', 'deflate', 'x'), 40);
  const printable = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .map((code) => String.fromCharCode(code === 0x7f ? 0x7e : code)),
    maxLength: 300,
  });
  const extra = mostly(
    fc.constant<Record<string, string>>({}),
    fc.dictionary(
      fc.constantFrom(
        'idempotency-key',
        'x-request-id',
        'x-api-key',
        'last-event-id',
        'x-forwarded-for',
        'accept',
        'x-sluice-tags',
        'x-dify-inputs',
        'x-dify-app-id',
        'x-sluice-app',
        'range',
      ),
      printable,
      { maxKeys: 3 },
    ),
    6,
  );
  return fc
    .tuple(key, type, encoding, extra)
    .map(([scheme, contentType, contentEncoding, more]) => ({
      ...more,
      ...(keys[scheme] !== undefined && { authorization: `Bearer ${keys[scheme]}` }),
      'content-type': contentType,
      // Where an answer is waited for, nobody makes it: no worker runs.
      'x-request-timeout': '0.2',
      ...(contentEncoding !== '' && { 'content-encoding': contentEncoding }),
    }));
}

function arbitraryBody({ requestBody }: Operation): fc.Arbitrary<Buffer | undefined> {
  const json = requestBody?.content['application/json'];
  const odd = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from(`{"a":${'['.repeat(3_000)}`)),
    fc.constant(Buffer.from(JSON.stringify({ input: 'x'.repeat(70_000) }))),
  );
  const asForm = requestBody?.content[form];
  if (asForm) return arbitraryForm(asForm.example, odd);
  if (!json) return mostly<Buffer | undefined>(fc.constant(undefined), odd, 20);
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constant(json.example) },
    { weight: 5, arbitrary: arbitraryOf(json.schema) },
  );
  const bytes = value.map((body) => Buffer.from(JSON.stringify(body) ?? ''));
  return fc.oneof(
    { weight: 12, arbitrary: bytes },
    { weight: 2, arbitrary: mutated(bytes) },
    { weight: 1, arbitrary: odd },
  );
}

const form = 'multipart/form-data';
const boundary = 'fuzz';

/** The example as a form, with other fields and values in it, whole or not. */
function arbitraryForm(example: unknown, odd: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const fields = Object.entries((example ?? {}) as Record<string, string>);
  const name = fc.constantFrom(...fields.map(([known]) => known), ...hostileStrings);
  const value = fc.constantFrom(...fields.map(([, known]) => known), ...hostileStrings);
  const more = fc.array(fc.tuple(name, value), { maxLength: 3 });
  const bytes = mostly(fc.constant<[string, string][]>([]), more, 1).map((others) =>
    Buffer.from(`${[...fields, ...others].map(partOf).join('')}--${boundary}--\r\n`),
  );
  return fc.oneof(
    { weight: 6, arbitrary: bytes },
    { weight: 4, arbitrary: mutated(bytes) },
    { weight: 1, arbitrary: odd },
  );
}

function partOf([name, value]: [string, string]): string {
  const file = name === 'file' ? '; filename="a.jsonl"' : '';
  const head = `Content-Disposition: form-data; name="${name}"${file}`;
  return `--${boundary}\r\n${head}\r\n\r\n${value}\r\n`;
}

/** A byte changed, a piece cut out or written twice. */
function mutated(source: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(source, fc.nat(), fc.nat(), fc.nat(255), fc.nat(2))
    .map(([bytes, from, to, byte, how]) => {
      const copy = Buffer.from(bytes);
      if (copy.length === 0) return copy;
      const [start, end] = [from % copy.length, to % copy.length].toSorted((a, b) => a - b);
      if (how === 0) copy[start!] = byte;
      if (how === 1) return Buffer.concat([copy.subarray(0, start), copy.subarray(end)]);
      if (how === 2) return Buffer.concat([copy.subarray(0, end), copy.subarray(start)]);
      return copy;
    });
}
