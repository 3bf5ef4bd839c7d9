import { openAiErrorBody, standardError as openAiStandardError } from '../openai/errors.ts';
import type { Reply } from '../server/call.ts';

/** The error of the gateway before the models: a code, which may be a number as text, and a message. */
export function azureError(status: number, code: string, message: string): Reply {
  return { status, body: JSON.stringify({ error: { code, message } }) };
}

/** The 404 of a path that does not exist, and of one without an api-version. */
export function resourceNotFound(): Reply {
  return azureError(404, '404', 'Resource not found');
}

/** The 404 of a deployment that does not exist. */
export function deploymentNotFound(): Reply {
  const message =
    'The API deployment for this resource does not exist. If you created the deployment within the ' +
    'last 5 minutes, please wait a moment and try again.';
  return azureError(404, 'DeploymentNotFound', message);
}

/** The 401 of a missing or wrong key. */
export function accessDenied(key: string): Reply {
  const message =
    key === ''
      ? 'Unauthorized. Access token is missing, invalid, audience is incorrect ' +
        '(https://cognitiveservices.azure.com), or have expired.'
      : 'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide ' +
        'a valid key for an active subscription and use a correct regional API endpoint for your resource.';
  return azureError(401, '401', message);
}

/** The error Azure sends with a status when the request itself is not to blame. */
export function standardError(status: number): Reply {
  if (status === 401) return accessDenied('invalid-key');
  if (status === 404) return resourceNotFound();
  if (status === 408) return azureError(408, 'Timeout', 'The operation was timeout.');
  if (status === 429) return highDemand(undefined);
  return openAiStandardError(status);
}

/** The 429 of a service under load, which is nobody's own limit. */
export function highDemand(waitSeconds: number | undefined): Reply {
  const wait = waitSeconds === undefined ? '' : ` Please retry after ${waitSeconds} seconds.`;
  const message =
    'The system is currently experiencing high demand and cannot process your request. Your request ' +
    `exceeds the maximum usage size allowed during peak load.${wait} For improved capacity ` +
    'reliability, consider switching to Provisioned Throughput.';
  return azureError(429, '429', message);
}

/** What a stream tells of an error after it began. */
export const STREAM_ERROR = openAiErrorBody({
  message: 'The server had an error while processing your request. Sorry about that!',
  type: 'server_error',
});
