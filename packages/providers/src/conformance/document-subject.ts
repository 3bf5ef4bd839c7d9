import type { CallType } from '@sluice/contracts';

import type { Subject } from './subject.ts';

/** What the conformance suite must know of a call whose reply is one document. */
export interface DocumentSubject extends Pick<
  Subject,
  'kind' | 'call' | 'request' | 'keyHeader' | 'document' | 'reply' | 'errorBody'
> {
  type: CallType;
  /** Documents that are no reply to the call, by what is wrong with them. */
  wrong: [what: string, document: unknown][];
  /** The largest document that is taken, in MiB. */
  maxMiB: number;
}
