import type { KindSubjects } from '../conformance/subjects.ts';
import { difyAgent, difyChat, difyChatflow, difyCompletion } from './message-subjects.ts';
import { dify } from './workflow-subject.ts';

export const subjects: KindSubjects['subjects'] = [
  dify,
  difyChat,
  difyAgent,
  difyCompletion,
  difyChatflow,
];
export const documentSubjects: KindSubjects['documentSubjects'] = [];
