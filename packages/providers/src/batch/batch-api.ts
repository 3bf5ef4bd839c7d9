import type { Target } from '@sluice/config';
import type { ChatInput, EmbeddingInput } from '@sluice/contracts';

import type { ChatReply, EmbeddingReply } from '../replies.ts';
import type { SendBy } from '../call-hooks.ts';

/**
 * A vendor's own batches: many requests of one model in one, answered within a day for a part of the price. As with every
 * adapter each function that calls makes one attempt, and every failure is a SluiceError; after one that is `retryable` the
 * vendor may have done what was asked all the same.
 */
export interface BatchApi {
  /** Most requests and bytes of one batch, as the vendor bounds them. */
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** What a token costs, of its usual price. */
  readonly priceFactor: number;
  /**
   * A request as it stands in a batch: one line of JSON.
   * @throws SluiceError as the call by itself would, where the target cannot take it.
   */
  encode(request: BatchedRequest): string;
  /** Sends the lines, where the vendor takes them apart from the batch. Costs nothing; returns the vendor's id of them. */
  upload?(call: BatchCall, body: BatchBody): Promise<string>;
  /** Buys: from here on the vendor works. `body` where there is no upload. */
  create(call: BatchCall, batch: NewBatch): Promise<VendorBatch>;
  /** The account's batches, the newest first, a page at a time. */
  list(call: BatchCall, after: string | undefined): Promise<VendorBatchPage>;
  read(call: BatchCall, id: string): Promise<VendorBatch>;
  /** Ends a batch early; what has an answer is kept and paid. Resolves for one that has ended, too. */
  cancel(call: BatchCall, id: string): Promise<void>;
  /** Hands over the lines of results, some at a time; nothing more is read before `onLines` has settled. */
  readResults(call: BatchCall, from: string, onLines: OnLines): Promise<void>;
  /** The custom id of a line of results, and what it says. @throws SluiceError `bad_upstream` where it is none. */
  openResult(call: BatchCall, line: string): VendorResult;
}

/** What is called, and until when. */
export interface BatchCall {
  target: Target;
  signal: AbortSignal;
  /** As of every call that starts something. */
  sendBy?: SendBy | undefined;
}

/** One request of a batch; `customId` has letters, digits, `-` and `_`, 64 at most. */
export type BatchedRequest = { target: Target; customId: string } & (
  | { type: 'chat'; input: ChatInput }
  | { type: 'embedding'; input: EmbeddingInput }
);

/** The lines of a batch, as `encode` made them. */
export interface BatchBody {
  type: BatchedRequest['type'];
  count: number;
  /** Of all lines in UTF-8, without what is between them. */
  bytes: number;
  lines(): AsyncIterable<string>;
}

export interface NewBatch {
  body: BatchBody;
  /** As `upload` named them. */
  uploadId: string | undefined;
  /** Told again by the vendor, where it keeps it. */
  marker: string;
}

/** A batch as its vendor tells of it. */
export interface VendorBatch {
  id: string;
  createdAtMs: number;
  /** `failed`: no line was or will be answered. `expired` has ended with lines that were not answered in time. */
  status: 'running' | 'ended' | 'expired' | 'failed';
  /** Absent where the vendor keeps none. */
  marker?: string | undefined;
  /** As far as the vendor counts them. */
  counts: { total: number; succeeded: number; failed: number };
  /** Where `readResults` reads them, one after the other; none before the end. */
  results: string[];
  /** Why it has failed. */
  problem?: { code: string; message: string };
}

export interface VendorBatchPage {
  batches: VendorBatch[];
  /** Absent on the last page. */
  next?: string | undefined;
}

export type OnLines = (lines: string[]) => Promise<void>;

/** One line of results. */
export interface VendorResult {
  customId: string;
  /** `false`: the batch has ended without an answer to it, which costs nothing. */
  isAnswered: boolean;
  /**
   * The reply to the request of that line.
   * @throws SluiceError the vendor's refusal of it, as a call by itself would.
   */
  reply(request: BatchedRequest): ChatReply | EmbeddingReply;
}
