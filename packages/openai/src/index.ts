/**
 * OpenAI's wire format and Sluice's jobs, one as the other: pure functions, no I/O. Whoever speaks it uses these: the routes of
 * the API for calls over HTTP, the worker for the lines of batch files.
 *
 * A folder an endpoint, each with three things:
 *
 * 1. **body**: a strict zod schema of the request, and `tidy…`, which takes away what clients send for nothing before it is checked;
 * 2. **request → job**: `to…Job`, and `…Fields`, by which an error of the job names the field that the client has sent;
 * 3. **job → reply**: the whole answer as an object (`completionOf`, `embeddingsOf`, `responseObject`), or a `WireStream` of events.
 *
 * `callee.ts` says who is asked, a model or an app of Dify; `app/` makes a run of an app from messages and a text from its
 * result; `errors.ts` has OpenAI's words for errors, `usage.ts` those for tokens.
 * @see https://platform.openai.com/docs/api-reference
 */
export { calleeOf, refuseDifyBody } from './callee.ts';
export type { Callee } from './callee.ts';
export { chatBody, tidyChatBody } from './chat/chat-body.ts';
export { completionOf, completionStream } from './chat/completion.ts';
export { chatFields, toChatJob } from './chat/to-chat-job.ts';
export {
  embeddingFields,
  embeddingsBody,
  embeddingsOf,
  toEmbeddingJob,
} from './embeddings/embeddings.ts';
export { openaiCodes, openaiError, openaiErrorTypes } from './errors.ts';
export { inputItems } from './responses/input-items.ts';
export { responseBody, tidyResponseBody } from './responses/response-body.ts';
export { responseObject } from './responses/response-object.ts';
export type { KnownResponse } from './responses/response-object.ts';
export { ResponseStream } from './responses/response-stream.ts';
export type { StreamedResponse } from './responses/response-stream.ts';
export { responseFields, toResponseJob } from './responses/to-response-job.ts';
export { responseUsage } from './usage.ts';
