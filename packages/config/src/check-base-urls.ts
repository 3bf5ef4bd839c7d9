import { SluiceError } from '@sluice/contracts';
import { checkUrl, parseAllowList } from '@sluice/runtime';

import type { Provider } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';

/**
 * Base URLs of a file that name a private address which the operator has not allowed; what names resolve to is judged when
 * they are connected to. Beside them, the hosts that providers may reach although private: those that are allowed, and
 * those that no file gave, such as Ollama's usual address and the built-in simulator.
 */
export function checkBaseUrls(
  file: ConfigFile,
  providers: Readonly<Record<string, Provider>>,
  { allowed, isFile }: { allowed: readonly string[]; isFile: boolean },
): { upstreamHosts: string[]; problems: PathProblem[] } {
  const allow = parseAllowList(allowed);
  const upstreamHosts = [...allowed];
  const problems: PathProblem[] = [];
  for (const { name, baseUrl } of Object.values(providers)) {
    if (!isFile || file.providers[name]?.baseUrl === undefined) {
      upstreamHosts.push(new URL(baseUrl).hostname);
      continue;
    }
    try {
      checkUrl(baseUrl, allow, '');
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      problems.push({ path: ['providers', name, 'baseUrl'], message: error.message.trim() });
    }
  }
  return { upstreamHosts: [...new Set(upstreamHosts)], problems };
}
