import type { Config, Target } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type { CallDeps, WorkingKey } from './examine-providers.ts';
import { findingsOf, type Finding } from './finding.ts';

/** No provider lists more models than these pages have. */
const maxPages = 20;
/** Names of deployments are nobody's business but the operator's, and no model list has them. */
const unlistedKinds = ['azure-openai'];

/** Whether each model that a target names is in its provider's list. Aliases may be missing there, so that is a warning. */
export async function examineModels(
  config: Config,
  working: readonly WorkingKey[],
  deps: CallDeps,
): Promise<Finding[]> {
  const lists = await Promise.all(
    working
      .filter(({ provider }) => !unlistedKinds.includes(provider.kind))
      .map(async (key) => ({ name: key.provider.name, ids: await listIds(key, deps) })),
  );
  const { workflow: _apps, ...models } = config.routes;
  const routes = Object.values(models).flatMap((ofType) => Object.values(ofType));
  return routes.flatMap(({ name, targets }) =>
    targets.flatMap((target) => {
      const ids = lists.find((list) => list.name === target.provider.name)?.ids;
      return ids ? [judge(name, target, ids)] : [];
    }),
  );
}

function judge(name: string, { provider, model }: Target, ids: ReadonlySet<string>): Finding {
  const { ok, warn } = findingsOf('model', name);
  const known = [model, `${model}:latest`].some((id) => ids.has(id));
  if (known) return ok(`${provider.name} has ${model}`);
  return warn(`${provider.name} does not list ${model}; it lists ${ids.size} models`);
}

/** Undefined where the provider has no list, or does not give it. */
async function listIds(
  { provider, apiKey }: WorkingKey,
  { adapterFor, signal }: CallDeps,
): Promise<Set<string> | undefined> {
  const { listModels } = adapterFor(provider.kind);
  if (!listModels) return undefined;
  const ids = new Set<string>();
  let page: string | undefined;
  try {
    for (let pages = 0; pages < maxPages; pages += 1) {
      const { models, next } = await listModels({ provider, apiKey, signal, page });
      for (const { id } of models) ids.add(id);
      page = next;
      if (page === undefined) break;
    }
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
  return ids;
}
