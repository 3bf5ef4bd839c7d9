/** Types of jobs that name a model; a model of the configuration has one of them. */
export const modelTypes = ['chat', 'embedding', 'rerank', 'transcription'] as const;
export type ModelType = (typeof modelTypes)[number];

/** Types of jobs that make a call of their own: all but batches, whose requests do. */
export const callTypes = [...modelTypes, 'workflow'] as const;
export type CallType = (typeof callTypes)[number];

export const jobTypes = [...callTypes, 'batch'] as const;
export type JobType = (typeof jobTypes)[number];

/** What a job of a type names, for messages: `an embedding model`. */
export const calleeWords: Readonly<Record<CallType, `a ${string}` | `an ${string}`>> = {
  chat: 'a chat model',
  embedding: 'an embedding model',
  rerank: 'a rerank model',
  transcription: 'a transcription model',
  workflow: 'an app',
};
