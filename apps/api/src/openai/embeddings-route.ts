import type { Request, Response } from 'express';

import { dropNulls, inWireTerms, parseWireBody } from '@sluice/config';
import type { CompletedJob, SluiceError, WireStream } from '@sluice/contracts';
import { embeddingFields, embeddingsBody, embeddingsOf, toEmbeddingJob } from '@sluice/openai';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';

/** `POST /v1/embeddings`: OpenAI's, with a configured model. */
export function embeddingsRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const options = readCallOptions(request.headers);
    const body = await readJson(request, deps.config.server.maxBodyBytes);
    const parsed = parseWireBody(dropNulls(body), embeddingsBody);
    const format = () => ({
      whole: (job: CompletedJob) => JSON.stringify(embeddingsOf(job, parsed.model)),
      stream(): WireStream {
        throw new TypeError('embeddings are not streamed');
      },
    });
    const refusal = (error: SluiceError) => inWireTerms(error, embeddingFields(parsed));
    const submitted = toEmbeddingJob(parsed);
    await answerCall(request, response, { submitted, body, options, format, refusal }, deps);
  };
}
