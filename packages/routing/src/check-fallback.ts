import { modelsOf, suggestName, type Config } from '@sluice/config';
import { calleeWords, SluiceError, type Routing } from '@sluice/contracts';

import { isDearer } from './is-dearer.ts';
import { resolveRoute } from './resolve-route.ts';
import { findTargets, itineraryOf, type Traveller } from './itinerary.ts';

/**
 * Whether a client's `fallback` names what there is, and nothing that its job could not go to.
 * @throws SluiceError `invalid_request`; `param` as `fallback[1]`.
 */
export function checkFallback(
  config: Config,
  traveller: Traveller,
  fallback: Routing['fallback'],
): void {
  if (!fallback) return;
  const { route, rules } = itineraryOf(config, traveller);
  fallback.forEach((name, index) => {
    const problem = problemOf(config, traveller, name);
    if (problem !== undefined) throw refusal(index, problem);
    const [target] = findTargets(config, traveller.type, name) ?? [];
    const kind = target?.app?.kind;
    if (kind !== route.targets[0].app?.kind) {
      throw refusal(index, `app "${name}" is of kind ${kind}, and takes another input`);
    }
    if (rules.allowDearer || !isDearer(route.targets[0].price, target?.price)) return;
    const what = target?.price ? 'is dearer than the first target' : 'is of unknown price';
    throw refusal(index, `"${name}" ${what} of "${route.name}", which does not allow that`);
  });
}

/**
 * The same before it is decided which model a router or a split chooses: for each that it may.
 * @throws SluiceError as {@link checkFallback}.
 */
export function checkFallbackAnywhere(
  config: Config,
  { type, model }: Pick<Traveller, 'type' | 'model'>,
  fallback: Routing['fallback'],
): void {
  if (!fallback) return;
  const { choice } = resolveRoute(config, type, model);
  const chosen = choice ? modelsOf(choice) : [undefined];
  for (const each of chosen) {
    checkFallback(config, { type, model, routing: each ? { model: each } : undefined }, fallback);
  }
}

function problemOf(config: Config, { type }: Traveller, name: string): string | undefined {
  const ofType = config.routes[type];
  const route = Object.hasOwn(ofType, name) ? ofType[name] : undefined;
  if (route?.choice) {
    return `"${name}" has a ${route.choice.kind}; name a model with targets of its own`;
  }
  if (findTargets(config, type, name)) return undefined;
  const wanted = calleeWords[type].replace(/^an? /, '');
  return `there is no ${wanted} "${name}"; ${suggestName(name, Object.keys(ofType))}`;
}

function refusal(index: number, problem: string): SluiceError {
  const param = `fallback[${index}]`;
  return new SluiceError('invalid_request', `${param}: ${problem}`, { param });
}
