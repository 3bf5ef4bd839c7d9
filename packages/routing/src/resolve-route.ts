import { suggestName, type Config, type Route, type Target } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

/**
 * The route of a public name.
 * @throws SluiceError `model_not_found` (param `model`) or `app_not_found` (param `app`); the message names the nearest
 *   known name.
 */
export function resolveRoute(config: Config, type: Route['type'], name: string): Route {
  const routes = config.routes[type];
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route) return route;
  const { word, param, code, other, otherWord } = words[type];
  const hint = Object.hasOwn(config.routes[other], name)
    ? `"${name}" is ${otherWord}; submit it as type "${other}"`
    : suggestName(name, Object.keys(routes));
  throw new SluiceError(code, `there is no ${word} "${name}"; ${hint}`, { param });
}

const words = {
  chat: {
    word: 'model',
    param: 'model',
    code: 'model_not_found',
    other: 'workflow',
    otherWord: 'an app',
  },
  workflow: {
    word: 'app',
    param: 'app',
    code: 'app_not_found',
    other: 'chat',
    otherWord: 'a model',
  },
} as const;

/** The target after the one at `targetIndex`, or `undefined` when that was the last. */
export function nextTarget(route: Route, targetIndex: number): Target | undefined {
  return route.targets[targetIndex + 1];
}
