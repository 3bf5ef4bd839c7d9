import type { Target } from '@sluice/config';
import { SluiceError, type NativePart } from '@sluice/contracts';
import { keyIdOf, refusesKey } from '@sluice/limits';

import type { FileBatchDeps } from '../file/file-batch.ts';

/**
 * The target with the API key that the part is at its vendor by. One that is configured no more is replaced by the next in turn:
 * vendors show what is in an account to all of its keys.
 */
export async function withKeyOf(
  target: Target,
  { keyId }: Pick<NativePart, 'keyId'>,
  { parkedKeys }: Pick<FileBatchDeps, 'parkedKeys'>,
): Promise<Target> {
  const { provider, apiKeys } = target;
  const known = apiKeys.find((apiKey) => keyIdOf(provider, apiKey) === keyId);
  if (known !== undefined) return { ...target, apiKey: known };
  const choice = await parkedKeys.choose(target);
  return choice.kind === 'key' ? { ...target, apiKey: choice.apiKey } : target;
}

/** What the part keeps of the key that it is sent with. */
export function keyNoteOf({ provider, apiKey }: Target): Pick<NativePart, 'keyId'> {
  return apiKey === undefined ? {} : { keyId: keyIdOf(provider, apiKey) };
}

/** Parks the key of the target where the vendor refuses it. Whether there is another one to go on with. */
export async function passKeyOn(
  target: Target,
  thrown: unknown,
  { parkedKeys, log }: Pick<FileBatchDeps, 'parkedKeys' | 'log'>,
): Promise<boolean> {
  const error = SluiceError.from(thrown);
  const { apiKey, provider } = target;
  if (apiKey === undefined || !refusesKey(error)) return false;
  log.warn({ provider: provider.name, code: error.code }, 'a key of a batch was refused');
  return (await parkedKeys.park(target, apiKey, error)).kind === 'key';
}
