import { SluiceError } from '@sluice/contracts';
import { isSealed, type Seals } from '@sluice/runtime';

import type { EndpointFields } from './endpoint-codec.ts';

/** What an endpoint holds of secrets: those that sign, and headers, whose values often are some. */
const secretFields = ['secret', 'oldSecret', 'headers'] as const;

interface Owner {
  tenantId: string;
  endpointId: string;
}

/** Field and value pairs as they are stored. @throws SluiceError `not_found` when the tenant was erased. */
export async function sealPairs(
  pairs: readonly string[],
  { tenantId, endpointId }: Owner,
  seals: Seals | undefined,
): Promise<string[]> {
  if (!seals) return [...pairs];
  const seal = await seals.of(tenantId);
  if (!seal) throw new SluiceError('not_found', `the tenant "${tenantId}" was deleted`);
  // Every second one is a value, and the one before it says of which field.
  return pairs.map((value, i) => {
    const isSecret = i % 2 === 1 && secretFields.some((name) => name === pairs[i - 1]);
    return isSecret ? seal.seal(value, aboutOf(endpointId, pairs[i - 1] ?? '')) : value;
  });
}

/** The fields in clear; none where the tenant was erased, as if the endpoint were gone. */
export async function openFields(
  fields: EndpointFields,
  { tenantId, endpointId }: Owner,
  seals: Seals | undefined,
): Promise<EndpointFields> {
  const sealed = secretFields.filter((name) => isSealed(fields[name]));
  if (sealed.length === 0) return fields;
  if (!seals) {
    const message = `endpoint ${endpointId} was stored encrypted, and no master key is configured`;
    throw new SluiceError('internal_error', message);
  }
  // The current secret is the one that was sealed last.
  const seal = await seals.of(tenantId, fields['secret']);
  if (!seal) return {};
  const opened = sealed.map((name) => [
    name,
    seal.open(fields[name] ?? '', aboutOf(endpointId, name)),
  ]);
  return { ...fields, ...Object.fromEntries(opened) };
}

/** A secret that becomes the old one is still the same secret. */
function aboutOf(endpointId: string, field: string): string {
  return `${endpointId}/${field === 'oldSecret' ? 'secret' : field}`;
}
