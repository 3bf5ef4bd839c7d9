import { suggestName, type Config, type Route } from '@sluice/config';
import { calleeWords, callTypes, SluiceError, type CallType } from '@sluice/contracts';

/**
 * The route of a public name.
 * @throws SluiceError `model_not_found` (param `model`) or `app_not_found` (param `app`); the message names the nearest
 *   known name, or the type of job that the name is for.
 */
export function resolveRoute(config: Config, type: CallType, name: string): Route {
  const routes = config.routes[type];
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route) return route;
  const isApp = type === 'workflow';
  throw new SluiceError(isApp ? 'app_not_found' : 'model_not_found', explain(config, type, name), {
    param: isApp ? 'app' : 'model',
  });
}

function explain({ routes }: Config, type: CallType, name: string): string {
  const other = callTypes.find((known) => Object.hasOwn(routes[known], name));
  if (other) {
    return `"${name}" is ${calleeWords[other]}, so it runs no job of type "${type}"; submit it as type "${other}"`;
  }
  const wanted = calleeWords[type].replace(/^an? /, '');
  return `there is no ${wanted} "${name}"; ${suggestName(name, Object.keys(routes[type]))}`;
}
