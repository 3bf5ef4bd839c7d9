import { invalidBody, type Config } from '@sluice/config';
import {
  publicName,
  SluiceError,
  submitJob,
  type BatchInput,
  type BatchRequest,
  type SubmitJob,
} from '@sluice/contracts';
import { checkAppInput, checkFallbackAnywhere, resolveRoute } from '@sluice/routing';
import { checkUrl, type AllowList } from '@sluice/runtime';

import { refuseOversized } from './refuse-oversized.ts';

/**
 * The body of `POST /v1/jobs`, checked against the contract, the configured models and the addresses that webhooks and
 * sound files may have.
 * @throws SluiceError `invalid_request`, `model_not_found`, `app_not_found`, `blocked_address`; `param` names the field.
 */
export function parseSubmit(body: unknown, config: Config, allow: AllowList): SubmitJob {
  const parsed = submitJob.safeParse(body);
  if (!parsed.success) throw invalidBody(parsed.error.issues, body, submitJob);
  const submitted = parsed.data;
  if (submitted.webhook) checkUrl(submitted.webhook.url, allow, 'webhook.url');
  checkAudioUrls(submitted, allow);
  return submitted;
}

function checkAudioUrls(submitted: SubmitJob, allow: AllowList): void {
  const requests = submitted.type === 'batch' ? submitted.input.requests : [submitted];
  requests.forEach((request, index) => {
    if (request.type !== 'transcription' || request.input.audio.url === undefined) return;
    const place = submitted.type === 'batch' ? `input.requests[${index}].` : '';
    checkUrl(request.input.audio.url, allow, `${place}input.audio.url`);
  });
}

/**
 * Checks that the models and apps of a request are there, that its input fits them, and that its `fallback` may be asked.
 * @throws SluiceError `model_not_found`, `app_not_found`, `invalid_request`, `context_length_exceeded`; `param` as `model` or
 *   `input.requests[3].model`.
 */
export function checkModels(submitted: SubmitJob, config: Config): void {
  if (submitted.type === 'batch') checkBatch(submitted.input, config);
  else checkRequest(submitted, config);
}

/** Whether the input of a request fits the model or app that it names. */
function checkRequest(
  request: BatchRequest | Exclude<SubmitJob, { type: 'batch' }>,
  config: Config,
): void {
  const route = resolveRoute(config, request.type, publicName(request));
  if (request.type === 'workflow') {
    const sessionId = 'session_id' in request ? request.session_id : undefined;
    checkAppInput(route, request.input, sessionId);
  }
  if (request.type === 'chat') refuseOversized(request.input, route);
}

function checkBatch(input: BatchInput, config: Config): void {
  input.requests.forEach((request, index) => {
    try {
      checkRequest(request, config);
      const { type, fallback } = request;
      checkFallbackAnywhere(config, { type, model: publicName(request) }, fallback);
    } catch (error) {
      if (!(error instanceof SluiceError) || error.param === undefined) throw error;
      const param = `input.requests[${index}].${error.param}`;
      const message = error.message.replace(`${error.param}: `, '');
      throw new SluiceError(error.code, `${param}: ${message}`, { param, cause: error });
    }
  });
}
