import type { Config, Route } from '@sluice/config';
import {
  publicName,
  SluiceError,
  submitJob,
  type BatchInput,
  type BatchRequest,
  type SubmitJob,
} from '@sluice/contracts';
import { batchLane } from '@sluice/queue';
import { resolveRoute } from '@sluice/routing';
import { checkUrl, type AllowList } from '@sluice/runtime';

import { checkAppInput } from './check-app-input.ts';
import { invalidBody } from './explain-issues.ts';
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
 * The lane in which the job's ticket starts: that of its model's first target. A batch starts in the batch lane, after
 * every model and app in it was found.
 * @throws SluiceError `model_not_found`, `app_not_found`, `invalid_request`, `context_length_exceeded`; `param` as `model` or
 *   `input.requests[3].model`.
 */
export function firstLane(submitted: SubmitJob, config: Config): string {
  if (submitted.type === 'batch') {
    checkModels(submitted.input, config);
    return batchLane;
  }
  return checkRequest(submitted, config).targets[0].lane;
}

/** The route of a request, which its input fits. */
function checkRequest(
  request: BatchRequest | Exclude<SubmitJob, { type: 'batch' }>,
  config: Config,
): Route {
  const route = resolveRoute(config, request.type, publicName(request));
  if (request.type === 'workflow') {
    const sessionId = 'session_id' in request ? request.session_id : undefined;
    checkAppInput(route, request.input, sessionId);
  }
  if (request.type === 'chat') refuseOversized(request.input, route);
  return route;
}

function checkModels(input: BatchInput, config: Config): void {
  input.requests.forEach((request, index) => {
    try {
      checkRequest(request, config);
    } catch (error) {
      if (!(error instanceof SluiceError) || error.param === undefined) throw error;
      const param = `input.requests[${index}].${error.param}`;
      throw new SluiceError(error.code, `${param}: ${error.message}`, { param, cause: error });
    }
  });
}
