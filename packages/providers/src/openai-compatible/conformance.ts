import type { KindSubjects } from '../conformance/subjects.ts';
import { compatibleDocuments } from './document-subjects.ts';
import { openAiCompatible } from './stream-subject.ts';

export const subjects: KindSubjects['subjects'] = [openAiCompatible];
export const documentSubjects: KindSubjects['documentSubjects'] = compatibleDocuments;
