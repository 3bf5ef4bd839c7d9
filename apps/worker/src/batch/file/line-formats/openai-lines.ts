import type { LineFormat } from '@sluice/batches';
import { dropNulls, inWireTerms, parseWireBody, type Config, type Renamed } from '@sluice/config';
import {
  chatInput,
  SluiceError,
  workflowInput,
  type BatchRequest,
  type CompletedJob,
  type JobRecord,
  type SubmitJob,
} from '@sluice/contracts';
import {
  calleeOf,
  chatBody,
  chatFields,
  completionOf,
  embeddingFields,
  embeddingsBody,
  embeddingsOf,
  responseBody,
  responseFields,
  responseObject,
  tidyChatBody,
  tidyResponseBody,
  toChatJob,
  toEmbeddingJob,
  toResponseJob,
} from '@sluice/openai';
import { z } from 'zod';

import { completedJob } from './completed-job.ts';

/** What the batch says for all of its lines, or what steers only OpenAI's speed and storage: it is taken and does nothing. */
const ignored = {
  user: z.string().max(255).optional(),
  safety_identifier: z.string().max(255).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  store: z.boolean().optional(),
  service_tier: z.string().optional(),
  stream: z.literal(false, { error: 'must be false: results of a batch come whole' }).optional(),
};

const chatLine = chatBody.extend(ignored);
const embeddingLine = embeddingsBody.extend(ignored);
const responseLine = responseBody.extend({
  ...ignored,
  truncation: z.enum(['auto', 'disabled']).optional(),
});

/** A line has no headers: who is asked is what `model` names. */
const headers = {};

export function chatLines(config: Pick<Config, 'routes'>): LineFormat {
  return {
    toRequest(body) {
      const parsed = withoutIgnored(parseWireBody(tidyChatBody(body), chatLine));
      const callee = calleeOf(headers, parsed.model, config);
      const fields = chatFields(callee, parsed);
      const job = toChatJob(parsed, { callee, headers, hasSession: false }, config);
      // The input of a chat was checked with the body.
      if (job.type === 'workflow') checkInput(job, fields);
      return { request: requestOf(job), fields };
    },
    toReply: (job) => {
      const shown = shownJob(job);
      return completionOf(shown, { jobId: shown.jobId, model: job.model });
    },
  };
}

export const embeddingLines: LineFormat = {
  toRequest(body) {
    const parsed = withoutIgnored(parseWireBody(dropNulls(body), embeddingLine));
    return { request: toEmbeddingJob(parsed), fields: embeddingFields(parsed) };
  },
  toReply: (job) => embeddingsOf(shownJob(job), job.model),
};

export function responseLines(config: Pick<Config, 'routes'>): LineFormat {
  return {
    toRequest(body) {
      refusePrevious(body);
      const parsed = withoutIgnored(parseWireBody(tidyResponseBody(body), responseLine));
      const { background: _background, truncation: _truncation, ...asked } = parsed;
      const callee = calleeOf(headers, asked.model, config);
      const fields = responseFields(callee, asked);
      const call = { callee, headers, previous: undefined, hasSession: false };
      const { submitted, facts } = toResponseJob(asked, call, config);
      checkInput(submitted, fields);
      return { request: requestOf(submitted), response: facts, fields };
    },
    toReply: (job) => responseObject({ ...job, ...shownJob(job) }),
  };
}

function withoutIgnored<Body extends { [Name in keyof typeof ignored]?: unknown }>({
  user: _user,
  safety_identifier: _person,
  metadata: _metadata,
  store: _store,
  service_tier: _tier,
  stream: _stream,
  ...asked
}: Body) {
  return asked;
}

const chatCheck = z.strictObject({ input: chatInput });
const appCheck = z.strictObject({ input: workflowInput });

type AskedJob = Extract<SubmitJob, { type: 'chat' | 'workflow' }>;

/**
 * Whether a job would be let in with the input: what was made of a body that is right for its endpoint may still be none.
 * @throws SluiceError `invalid_request` that names the field of the body.
 */
function checkInput({ type, input }: AskedJob, fields: Renamed): void {
  try {
    parseWireBody({ input }, type === 'chat' ? chatCheck : appCheck);
  } catch (error) {
    throw inWireTerms(SluiceError.from(error), fields);
  }
}

function requestOf(job: AskedJob): BatchRequest {
  const { fallback } = job;
  const more = fallback !== undefined && { fallback };
  return job.type === 'chat'
    ? { type: 'chat', model: job.model, input: job.input, ...more }
    : { type: 'workflow', app: job.app, input: job.input, ...more };
}

function refusePrevious(body: Record<string, unknown>): void {
  const param = ['previous_response_id', 'conversation'].find((name) => body[name]);
  if (param === undefined) return;
  const message = `${param}: lines of a batch stand alone; send the whole input`;
  throw new SluiceError('invalid_request', message, { param });
}

/** The job as a reply shows it: ids of OpenAI's have a prefix of their own. */
function shownJob(job: JobRecord): CompletedJob {
  return { ...completedJob(job), jobId: job.jobId.replace(/^batch_/, '') };
}
