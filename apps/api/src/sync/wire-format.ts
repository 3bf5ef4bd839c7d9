import type { CompletedJob, SluiceError, WireStream } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

/** How the answers of one call are written in a vendor's format: pure functions, no I/O. */
export interface WireFormat {
  /** The whole answer, as JSON. */
  whole(job: CompletedJob): string;
  /** A writer for the answer in pieces, for a call that asked for it; one for each client. */
  stream(): WireStream;
  /**
   * A job that did not complete, where the vendor answers all the same: Dify's run that failed is an answer. It is then written
   * as any other.
   */
  asAnswer?(job: JobWithoutInput): CompletedJob | undefined;
  /** What keeps a stream alive, where that is not a comment: a frame, and how often it has to come at least. */
  ping?: { frame: string; everyMs: number };
  /** The head of a stream leaves before anything is known of the job: its events tell of failures, too. */
  opensAtOnce?: true;
  /** An error as the client has to read it: `param` and message name the fields that it sent, not those of the job. */
  refusal(error: SluiceError): SluiceError;
}
