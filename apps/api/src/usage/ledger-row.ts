import type { LedgerEntry } from '@sluice/contracts';

/** One call as a line of an export: money in exact US dollars or `unknown`, what there is none of is `null`. */
export type LedgerRow = Record<(typeof ledgerColumns)[number], string | number | null>;

/** In the order of CSV's columns. */
export const ledgerColumns = [
  'at',
  'job_id',
  'call',
  'tenant_id',
  'api_key_id',
  'type',
  'model',
  'provider',
  'upstream_model',
  'user_id',
  'metadata',
  'outcome',
  'error_code',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_input_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'search_units',
  'audio_seconds',
  'usage_source',
  'cost_usd',
  'price_class',
  'price_version',
  'saved_usd',
  'saved_tokens',
  'duration_ms',
] as const;

/** `model` is the public name of the model or app; `metadata` is JSON. */
export function ledgerRow(entry: LedgerEntry): LedgerRow {
  const { usage, saved, metadata } = entry;
  return {
    at: new Date(entry.atMs).toISOString(),
    job_id: entry.jobId,
    call: entry.call,
    tenant_id: entry.tenantId,
    api_key_id: entry.keyId ?? null,
    type: entry.type,
    model: entry.name,
    provider: entry.provider,
    upstream_model: entry.model,
    user_id: entry.user ?? null,
    metadata: metadata ? JSON.stringify(metadata) : null,
    outcome: entry.outcome,
    error_code: entry.errorCode ?? null,
    input_tokens: usage?.input_tokens ?? null,
    cached_input_tokens: usage?.cached_input_tokens ?? null,
    cache_write_input_tokens: usage?.cache_write_input_tokens ?? null,
    output_tokens: usage?.output_tokens ?? null,
    reasoning_tokens: usage?.reasoning_tokens ?? null,
    total_tokens: usage?.total_tokens ?? null,
    search_units: usage?.search_units ?? null,
    audio_seconds: usage?.audio_seconds ?? null,
    usage_source: usage?.source ?? null,
    cost_usd: entry.costUsd,
    price_class: entry.priceClass ?? null,
    price_version: entry.priceVersion ?? null,
    saved_usd: saved?.usd ?? null,
    saved_tokens: saved?.tokens ?? null,
    duration_ms: entry.durationMs,
  };
}
