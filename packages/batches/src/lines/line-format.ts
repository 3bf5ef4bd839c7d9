import type { Renamed } from '@sluice/config';
import type { BatchEndpoint, BatchRequest, JobRecord, ResponseFacts } from '@sluice/contracts';

/** How requests and replies of an endpoint look on the wire. This package knows no vendor's: the worker passes them in. */
export interface LineFormat {
  /** @throws SluiceError `invalid_request`; `param` is the path in the body. */
  toRequest(body: Record<string, unknown>): AskedLine;
  /** The body of the reply, of a job that has completed. */
  toReply(job: JobRecord): unknown;
}

/** What the body of a line asks for. */
export interface AskedLine {
  request: BatchRequest;
  /** What the record keeps of a response beside that. */
  response?: ResponseFacts | undefined;
  /** How fields of the request are called in the body. */
  fields: Renamed;
}

export type LineFormats = Readonly<Record<BatchEndpoint, LineFormat>>;
