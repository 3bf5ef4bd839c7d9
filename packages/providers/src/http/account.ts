import type { Provider, Target } from '@sluice/config';

import type { CallContext } from './call-upstream.ts';
import type { HttpClient } from './http-client.ts';
import type { Judge } from './upstream-error.ts';

/** A call about an account instead of a job: one key of one provider. */
export interface AccountCall {
  provider: Provider;
  /** Undefined calls without one. */
  apiKey: string | undefined;
  signal: AbortSignal;
}

/** Which page of a list is asked for: the `next` of the one before it; absent for the first. */
export interface ModelListCall extends AccountCall {
  page?: string | undefined;
}

/** A model as its provider lists it. An absent figure was not told. */
export interface ListedModel {
  /** The name that a target of the configuration gives it. */
  id: string;
  /** Tokens of the longest prompt. */
  contextWindow?: number;
  maxOutputTokens?: number;
}

export interface ModelPage {
  models: ListedModel[];
  /** Absent on the last page. */
  next?: string;
}

/** Nobody waits as long for an answer about an account as for one of a model. */
const answerWithinMs = 10_000;

/** The account in the form in which calls are made: a target without a model. */
export function accountTarget({ provider, apiKey }: AccountCall): Target {
  return {
    provider: { ...provider, timeouts: { firstByteMs: answerWithinMs, idleMs: answerWithinMs } },
    model: '',
    apiKeys: apiKey === undefined ? [] : [apiKey],
    apiKey,
    lane: provider.name,
    price: undefined,
    facts: {},
    dropParams: false,
  };
}

/** What a call of an account is made in. */
export function accountContext(http: HttpClient, call: AccountCall, judge?: Judge): CallContext {
  return { http, target: accountTarget(call), signal: call.signal, judge };
}

/** A listed model whose unknown figures are left out. */
export function listedModel(
  id: string,
  contextWindow: number | null | undefined,
  maxOutputTokens: number | null | undefined,
): ListedModel {
  return {
    id,
    ...(contextWindow && { contextWindow }),
    ...(maxOutputTokens && { maxOutputTokens }),
  };
}
