import { adapterKinds } from '../registry.ts';
import type { DocumentSubject } from './document-subject.ts';
import type { Subject } from './subject.ts';

/** What `conformance.ts` in the folder of a kind exports: each way in which its adapter is called, with its fixtures. */
export interface KindSubjects {
  /** Calls whose reply is a stream. */
  subjects: readonly Subject[];
  /** Calls whose reply is one document. */
  documentSubjects: readonly DocumentSubject[];
}

const all = await Promise.all(
  // A file of each folder, in the form that the interface above says.
  adapterKinds.map(async (kind) => (await import(`../${kind}/conformance.ts`)) as KindSubjects),
);

/** Everything that the conformance suites examine: whatever is in the registry brings its own. */
export const subjects = all.flatMap((kind) => kind.subjects);
export const documentSubjects = all.flatMap((kind) => kind.documentSubjects);
