import { base64Embedding, transcription } from '../openai-compatible/document-subjects.ts';
import type { DocumentSubject } from '../conformance/document-subject.ts';
import { openAiCompatible } from '../openai-compatible/stream-subject.ts';
import { openAiResponses } from './responses/stream-subject.ts';
import type { Subject } from '../conformance/subject.ts';

/** An event with more fields in its JSON; `[DONE]` as it is. */
export function withFields(event: string, fields: object): string {
  const json = event.slice('data: '.length).trimEnd();
  if (json === '[DONE]') return event;
  return `data: ${JSON.stringify({ ...JSON.parse(json), ...fields })}\n\n`;
}

/** As any chat completion, with what only OpenAI sends along. */
export const openAi: Subject = {
  ...openAiCompatible,
  kind: 'openai',
  events: openAiCompatible.events.map((event) =>
    withFields(event, {
      created: 1_795_000_000,
      model: 'gpt-4o-mini-2024-07-18',
      service_tier: 'default',
      obfuscation: 'aZ3kQ',
    }),
  ),
};

export const subjects: readonly Subject[] = [openAi, openAiResponses];

export const documentSubjects: readonly DocumentSubject[] = [base64Embedding, transcription].map(
  (subject) => ({ ...subject, kind: openAi.kind }),
);
