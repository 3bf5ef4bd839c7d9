import type { IncomingHttpHeaders } from 'node:http';

import { isObject, type Config } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

/** Who answers: a model, or an app of Dify. `named` is the field or header that says so. */
export type Callee =
  | { type: 'chat'; model: string; named: 'model' }
  | { type: 'workflow'; app: string; named: 'model' | 'X-Dify-App-Id' };

/**
 * Whom a request in OpenAI's format asks: the app that `X-Dify-App-Id` names, or with `X-Relay-Target: dify` the app that
 * `model` names; else the model, or where there is none of that name, the app.
 * @throws SluiceError `invalid_request` for another target.
 */
export function calleeOf(
  headers: IncomingHttpHeaders,
  model: string,
  { routes }: Pick<Config, 'routes'>,
): Callee {
  const target = headers['x-relay-target'];
  if (target !== undefined && String(target).toLowerCase() !== 'dify') {
    const message = `X-Relay-Target: must be dify; got "${String(target).slice(0, 80)}"`;
    throw new SluiceError('invalid_request', message, { param: 'X-Relay-Target' });
  }
  const app = headers['x-dify-app-id'];
  if (app !== undefined) {
    return { type: 'workflow', app: String(app).trim(), named: 'X-Dify-App-Id' };
  }
  const isApp =
    target !== undefined ||
    (!Object.hasOwn(routes.chat, model) && Object.hasOwn(routes.workflow, model));
  return isApp
    ? { type: 'workflow', app: model, named: 'model' }
    : { type: 'chat', model, named: 'model' };
}

const difyFields = ['response_mode', 'inputs', 'query'];

/** @throws SluiceError `wrong_body_format` (422) for a body that is written for Dify. */
export function refuseDifyBody(body: unknown, field: 'messages' | 'input'): void {
  if (!isObject(body) || field in body) return;
  const found = difyFields.filter((name) => name in body);
  if (found.length === 0) return;
  throw new SluiceError(
    'wrong_body_format',
    `the body is in Dify's format (${found.join(', ')}) and this route takes OpenAI's: send ` +
      `{"model": "<app>", "${field}": ${field === 'messages' ? '[{"role": "user", "content": "<query>"}]' : '"<query>"'}}, ` +
      'with variables of the app as JSON in the header X-Dify-Inputs; or POST /v1/jobs with ' +
      '{"type": "workflow", "app": "<app>", "input": {"inputs": {…}}}',
    { param: found[0] },
  );
}
