import type { UpstreamHandle } from '@sluice/contracts';

import type { Spent, StopCall } from '../adapter.ts';
import type { HttpClient } from '../http/http-client.ts';
import { DifyApi } from './dify-api.ts';

/** For the look at what the run has taken; the stop before it has a time of its own. */
const lookDeadlineMs = 5_000;

/** Stops a run that nobody follows, then says what it had taken. Never rejects. */
export async function stopRun(
  http: HttpClient,
  { target, jobId, handle }: StopCall,
): Promise<Spent> {
  const signal = new AbortController().signal;
  await new DifyApi(http, { target, jobId, signal }).stop(handle);
  const looking = AbortSignal.timeout(lookDeadlineMs);
  const tokens = await tokensOf(new DifyApi(http, { target, jobId, signal: looking }), handle);
  return spentOf(handle, tokens);
}

/** Only runs of workflows and chatflows can be looked at. */
async function tokensOf(api: DifyApi, handle: UpstreamHandle): Promise<number | undefined> {
  if (handle.run_id === undefined) return undefined;
  const detail = await api.detail(handle).catch(() => undefined);
  return detail?.value.total_tokens ?? undefined;
}

/** What was known when the run began to wait for a person has its price; of what came after, Dify tells the tokens alone. */
function spentOf({ spent }: UpstreamHandle, tokens: number | undefined): Spent {
  const kept = { usage: spent?.usage, costUsd: spent?.cost_usd };
  if (tokens === undefined || tokens <= (kept.usage?.total_tokens ?? 0)) return kept;
  return { usage: { total_tokens: tokens, source: 'provider' }, costUsd: undefined };
}
