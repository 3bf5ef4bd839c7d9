import type { IncomingHttpHeaders } from 'node:http';

import type { Config, Renamed } from '@sluice/config';
import { SluiceError, type SubmitJob } from '@sluice/contracts';

import { toAppInput } from '../app/to-app-input.ts';
import type { Callee } from '../callee.ts';
import { fallbackOf, renamedFallback } from '../fallbacks.ts';
import type { ChatBody } from './chat-body.ts';

export interface ChatCall {
  callee: Callee;
  headers: IncomingHttpHeaders;
  /** The app goes on with its own conversation. */
  hasSession: boolean;
}

/**
 * The job that a chat completion is.
 * @throws SluiceError `invalid_request` for what an app of Dify cannot be asked.
 */
export function toChatJob(
  body: ChatBody,
  { callee, headers, hasSession }: ChatCall,
  config: Pick<Config, 'routes'>,
): SubmitJob & { type: 'chat' | 'workflow' } {
  const { model: _model, stream, stream_options: _options, ...rest } = body;
  const { user, safety_identifier: person, metadata, store: _store, ...asked } = rest;
  const { fallback: _fallback, fallbacks: _fallbacks, models: _models, ...input } = asked;
  const shown = user ?? person;
  const job = {
    ...(stream && { stream }),
    ...(shown !== undefined && { user: shown }),
    ...(metadata && { metadata }),
    ...fallbackOf(body),
  };
  if (callee.type === 'chat') return { type: 'chat', model: callee.model, input, ...job };
  refuseForApps(body);
  return {
    type: 'workflow',
    app: callee.app,
    input: toAppInput(callee.app, { messages: body.messages, hasSession, headers }, config),
    ...job,
  };
}

/** Sampling is the app's own and what is asked of it counts for nothing; these would be missed. */
function refuseForApps({
  tools,
  response_format: format,
  n = 1,
  logprobs,
  ...body
}: ChatBody): void {
  const isText = (body.modalities ?? []).every((modality) => modality === 'text');
  const asked = {
    tools: tools !== undefined,
    response_format: format !== undefined && format.type !== 'text',
    n: n > 1,
    logprobs: logprobs === true,
    modalities: !isText,
  };
  const field = Object.entries(asked).find(([, isAsked]) => isAsked)?.[0];
  if (field === undefined) return;
  throw new SluiceError('invalid_request', `${field}: an app of Dify has its own; leave it out`, {
    param: field,
  });
}

/** Fields of such a job as the client has sent them. */
export function chatFields({ type, named }: Callee, body: ChatBody): Renamed {
  const fallback = renamedFallback(body);
  if (type === 'chat') {
    return [...fallback, ['input.', ''], ['input', 'messages']];
  }
  return [
    ...fallback,
    ['input', 'messages'],
    ['session_id', 'X-Sluice-Session-Id'],
    ['app', named],
  ];
}
