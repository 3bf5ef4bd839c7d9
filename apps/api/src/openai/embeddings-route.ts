import type { Request, Response } from 'express';

import type { SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';
import { parseWireBody } from '../sync/parse-wire-body.ts';
import type { CompletedJob, WireStream } from '../sync/wire-format.ts';
import { dropNulls } from './drop-nulls.ts';
import { embeddingsBody, embeddingsOf, toEmbeddingJob } from './embeddings/embeddings.ts';
import { inWireTerms } from './in-wire-terms.ts';

/** `POST /v1/embeddings`: OpenAI's, with a configured model. */
export function embeddingsRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const options = readCallOptions(request.headers);
    const body = await readJson(request, deps.config.server.maxBodyBytes);
    const parsed = parseWireBody(dropNulls(body), embeddingsBody);
    const format = () => ({
      whole: (job: CompletedJob) => embeddingsOf(job, parsed.model),
      stream(): WireStream {
        throw new TypeError('embeddings are not streamed');
      },
    });
    const refusal = (error: SluiceError) => inWireTerms(error, [['input.', '']]);
    const submitted = toEmbeddingJob(parsed);
    await answerCall(request, response, { submitted, body, options, format, refusal }, deps);
  };
}
