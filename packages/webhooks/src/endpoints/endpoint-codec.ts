import type {
  ChangeEndpoint,
  CreateEndpoint,
  DisabledReason,
  EndpointView,
} from '@sluice/contracts';

import type { SigningSecrets } from '../sign-body.ts';

/** Where a tenant wants events, and how the endpoint does. Times are epoch ms. */
export interface Endpoint extends Omit<CreateEndpoint, 'secret'> {
  id: string;
  tenantId: string;
  secret: string;
  /** Signs too, until then. */
  oldSecret?: { secret: string; untilMs: number };
  disabledReason?: DisabledReason;
  disabledAtMs?: number;
  failingSinceMs?: number;
  createdAtMs: number;
}

export type EndpointFields = Partial<Record<string, string>>;

/** Field and value pairs of settings, for the endpoint's hash. */
export function encodeSettings(
  settings: ChangeEndpoint & Pick<CreateEndpoint, 'secret'>,
): string[] {
  const { url, events, description, headers, payload, enabled, provider, secret } = settings;
  const pairs: string[] = [];
  if (url !== undefined) pairs.push('url', url);
  if (events !== undefined) pairs.push('events', JSON.stringify(events));
  if (description !== undefined) pairs.push('description', description);
  if (headers !== undefined) pairs.push('headers', JSON.stringify(headers));
  if (payload !== undefined) pairs.push('payload', payload);
  if (enabled !== undefined) pairs.push('enabled', enabled ? '1' : '0');
  if (provider !== undefined) pairs.push('provider', provider ?? '');
  if (secret !== undefined) pairs.push('secret', secret);
  return pairs;
}

/** `undefined` when the hash is not there. */
export function decodeEndpoint(
  tenantId: string,
  id: string,
  fields: EndpointFields,
): Endpoint | undefined {
  const { url, secret, oldSecret, oldSecretUntil, failingSince } = fields;
  if (url === undefined || secret === undefined) return undefined;
  return {
    id,
    tenantId,
    url,
    secret,
    ...(oldSecret && { oldSecret: { secret: oldSecret, untilMs: Number(oldSecretUntil) } }),
    // Written by encodeSettings from validated settings.
    events: JSON.parse(fields['events'] ?? '[]') as string[],
    headers: JSON.parse(fields['headers'] ?? '{}') as Record<string, string>,
    payload: fields['payload'] === 'thin' ? 'thin' : 'full',
    description: fields['description'] ?? '',
    enabled: fields['enabled'] === '1',
    provider: fields['provider'] || null,
    ...disabled(fields),
    ...(failingSince !== undefined && { failingSinceMs: Number(failingSince) }),
    createdAtMs: Number(fields['createdAt']),
  };
}

function disabled(fields: EndpointFields): Pick<Endpoint, 'disabledReason' | 'disabledAtMs'> {
  const { enabled, disabledReason, disabledAt } = fields;
  if (enabled === '1' || disabledReason === undefined) return {};
  return {
    // Written by this package alone.
    disabledReason: disabledReason as DisabledReason,
    disabledAtMs: Number(disabledAt),
  };
}

/** What its owner sees: never a secret, nor the values of headers. */
export function endpointView(endpoint: Endpoint): EndpointView {
  const { disabledReason, disabledAtMs, failingSinceMs } = endpoint;
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    url: endpoint.url,
    events: endpoint.events,
    description: endpoint.description,
    header_names: Object.keys(endpoint.headers),
    payload: endpoint.payload,
    provider: endpoint.provider,
    enabled: endpoint.enabled,
    ...(disabledReason && { disabled_reason: disabledReason }),
    ...(disabledAtMs !== undefined && { disabled_at: new Date(disabledAtMs).toISOString() }),
    ...(failingSinceMs !== undefined && { failing_since: new Date(failingSinceMs).toISOString() }),
    created_at: new Date(endpoint.createdAtMs).toISOString(),
  };
}

/** The secrets that sign now: during a rotation the new one first. */
export function signingSecrets({ secret, oldSecret }: Endpoint, nowMs: number): SigningSecrets {
  return oldSecret && nowMs < oldSecret.untilMs ? [secret, oldSecret.secret] : secret;
}
