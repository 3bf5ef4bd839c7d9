import type { Request, Response } from 'express';

import { parseWireBody } from '@sluice/config';
import type { CompletedJob } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';
import { messageBody, tidyMessageBody } from './messages/message-body.ts';
import { MessageStream, pingFrame } from './messages/message-stream.ts';
import { askedOf, messageOf } from './messages/message.ts';
import { toMessageJob } from './messages/to-message-job.ts';

const pingMs = 15_000;

/**
 * `POST /v1/messages`: Anthropic's, with a configured model of any provider.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function messagesRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const options = readCallOptions(request.headers);
    const body = await readJson(request, deps.config.server.maxBodyBytes);
    const parsed = parseWireBody(tidyMessageBody(body), messageBody);
    const { submitted, refusal } = toMessageJob(parsed);
    const format = (jobId: string) => {
      const asked = askedOf(parsed, jobId);
      return {
        whole: (job: CompletedJob) => messageOf(job, asked),
        stream: () => new MessageStream(asked),
        ping: { frame: pingFrame, everyMs: pingMs },
      };
    };
    await answerCall(request, response, { submitted, body, options, format, refusal }, deps);
  };
}
