import { checkBuckets } from './check-buckets.ts';
import { checkPrices } from './check-prices.ts';
import { checkBaseUrls } from './check-base-urls.ts';
import { checkProviders } from './check-providers.ts';
import { checkReferences } from './check-references.ts';
import { checkAppSplits } from './check-app-split.ts';
import { checkRouting } from './check-routing.ts';
import type { Config } from './config.ts';
import { ConfigError, type Problem } from './config-error.ts';
import { configFile } from './config-file.ts';
import { readConfigSource, type ConfigLocation, type ConfigSource } from './config-source.ts';
import { explainIssues, locate } from './explain-issues.ts';
import type { PathProblem } from './interpolate.ts';
import { formatPath } from './path.ts';
import { mergeSettings, readProcessSettings } from './process-settings.ts';
import { readPriceListFile } from './catalogue/read-price-list-file.ts';
import { resolveRoutes } from './resolve-routes.ts';

/**
 * Reads, checks and resolves the configuration: `sluice.config.yaml` (or the file that `SLUICE_CONFIG` names, or else the
 * built-in one) with the environment over it.
 * @throws ConfigError with every problem at once, each with file, path, what was given and what is allowed.
 */
export function loadConfig(location: ConfigLocation): Config {
  const { env, cwd = process.cwd() } = location;
  const { settings, problems } = readProcessSettings(env, cwd);
  const source = readSource(location, problems);
  const parsed = configFile.safeParse(source.data);
  const inFile = onePerPath([
    ...source.problems,
    ...(parsed.error ? explainIssues(parsed.error.issues, source.data, configFile) : []),
    ...checkProviders(source.data),
    ...checkReferences(source.data),
    ...checkRouting(source.data),
    ...checkAppSplits(source.data),
    ...checkPrices(source.data),
    ...checkBuckets(source.data),
  ]);
  const found = [...inFile.map((problem) => locate(source.name, problem)), ...problems];
  if (!parsed.success || found.length > 0) throw new ConfigError(found);
  const { priceList, problem: unread } = readPriceListFile(parsed.data.catalogue, source.folder);
  if (unread) throw new ConfigError([locate(source.name, unread)]);
  const { problems: collisions, ...routes } = resolveRoutes(parsed.data, { priceList });
  if (collisions.length > 0) {
    throw new ConfigError(collisions.map((problem) => locate(source.name, problem)));
  }
  const merged = mergeSettings(parsed.data, settings);
  const { upstreamHosts, problems: blocked } = checkBaseUrls(parsed.data, routes.providers, {
    allowed: merged.allowPrivateHosts,
    isFile: source.isFile,
  });
  if (blocked.length > 0) {
    throw new ConfigError(blocked.map((problem) => locate(source.name, problem)));
  }
  return { ...merged, ...routes, upstreamHosts };
}

/** The source; a file that cannot be read is reported together with what is wrong in the environment. */
function readSource(location: ConfigLocation, others: readonly Problem[]): ConfigSource {
  try {
    return readConfigSource(location);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw error.with(others);
  }
}

/** The first problem of each path: a missing variable also leaves a value of the wrong shape behind. */
function onePerPath(problems: readonly PathProblem[]): PathProblem[] {
  const byPath = new Map<string, PathProblem>();
  for (const problem of problems) {
    const path = formatPath(problem.path);
    if (!byPath.has(path)) byPath.set(path, problem);
  }
  return [...byPath.values()];
}
