import { base64Embedding, transcription } from '../openai-compatible/document-subjects.ts';
import type { DocumentSubject } from '../conformance/document-subject.ts';
import { withFields } from '../openai/conformance.ts';
import { openAiResponses } from '../openai/responses/stream-subject.ts';
import { openAiCompatible } from '../openai-compatible/stream-subject.ts';
import type { Subject } from '../conformance/subject.ts';

const safe = { filtered: false, severity: 'safe' };
const filterResults = { hate: safe, self_harm: safe, sexual: safe, violence: safe };

/** The v1 surface: what the filter thinks of the prompt comes first, in a chunk without a choice. */
export const azureOpenAi: Subject = {
  ...openAiCompatible,
  kind: 'azure-openai',
  keyHeader: { name: 'api-key', prefix: '' },
  events: [
    `data: ${JSON.stringify({
      choices: [],
      created: 0,
      id: '',
      model: '',
      object: '',
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: filterResults }],
    })}\n\n`,
    ...openAiCompatible.events.map((event) =>
      withFields(event, { model: 'gpt-4o-mini-2024-07-18', system_fingerprint: 'fp_1' }),
    ),
  ],
  errorBody: ({ status, message, code }) => ({
    error: {
      code: code || String(status),
      message,
      ...(code === 'content_filter' && {
        status,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: filterResults },
      }),
    },
  }),
};

const { kind, keyHeader, errorBody } = azureOpenAi;

const responses: Subject = {
  ...openAiResponses,
  name: 'azure-openai by responses',
  kind,
  keyHeader,
  errorBody,
};

export const subjects: readonly Subject[] = [azureOpenAi, responses];

export const documentSubjects: readonly DocumentSubject[] = [base64Embedding, transcription].map(
  (subject) => ({ ...subject, kind, keyHeader, errorBody }),
);
