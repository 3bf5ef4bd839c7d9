import { z } from 'zod';

import type { Renamed } from '@sluice/config';
import { fallback, name, SluiceError, type BatchRequest } from '@sluice/contracts';

const names = z.array(name, { error: 'must be a list of 1 to 16 names' }).min(1).max(16).optional();

/**
 * Whom a body names for when its model fails: `fallback` as in a job, and what other gateways' clients send for it. Of `models`,
 * which is the whole list there, the first may be `model` itself.
 * @see https://docs.litellm.ai/docs/proxy/reliability#client-side-fallbacks
 * @see https://openrouter.ai/docs/features/model-routing#the-models-parameter
 */
export const fallbackFields = { fallback, fallbacks: names, models: names };

type FallbackField = keyof typeof fallbackFields;
type Asked = { model: string } & z.infer<z.ZodObject<typeof fallbackFields>>;

/**
 * What the job has of it; nothing where the body says nothing.
 * @throws SluiceError `invalid_request` where the body says it in two ways.
 */
export function fallbackOf(body: Asked): Pick<BatchRequest, 'fallback'> {
  const field = fieldIn(body);
  switch (field) {
    case undefined:
      return {};
    case 'models': {
      const others = otherModels(body).map(({ name: other }) => other);
      return { fallback: others.length > 0 && others };
    }
    default:
      return { fallback: body[field] };
  }
}

/** Names of the job's `fallback` as they were sent. */
export function renamedFallback(body: Asked): Renamed {
  const field = fieldIn(body);
  if (field === undefined) return [];
  const listed = field === 'models' ? otherModels(body) : [];
  const places: Renamed = listed.map(({ at }, index) => [`fallback[${index}]`, `models[${at}]`]);
  return [...places, ['fallback', field]];
}

function fieldIn(body: Asked): FallbackField | undefined {
  const said = (Object.keys(fallbackFields) as FallbackField[]).filter(
    (field) => body[field] !== undefined,
  );
  const [first, second] = said;
  if (second === undefined) return first;
  const message = `${second}: ${first} says it already; send one of them`;
  throw new SluiceError('invalid_request', message, { param: second });
}

function otherModels({ model, models = [] }: Asked): { name: string; at: number }[] {
  return models.map((each, at) => ({ name: each, at })).filter((each) => each.name !== model);
}
