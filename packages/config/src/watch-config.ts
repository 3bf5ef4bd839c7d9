import { statSync } from 'node:fs';

import type { Config } from './config.ts';
import { findConfigFile, type ConfigLocation } from './config-source.ts';
import { loadConfig } from './load-config.ts';

/** How often the file is looked at. Looking works where editors and orchestrators replace files and links. */
const everyMs = 1_000;

export interface ConfigWatcher {
  /** Reads the configuration now, as when the file has changed. */
  reload(): void;
  close(): void;
}

/**
 * Reads the configuration again when its file changes. One that cannot be used is handed to `onError`, and whoever watches
 * goes on with the one before. Without a file only `reload` reads it.
 */
export function watchConfig(
  location: ConfigLocation,
  on: { config(config: Config): void; error(error: unknown): void },
): ConfigWatcher {
  const reload = () => {
    try {
      on.config(loadConfig(location));
    } catch (error) {
      on.error(error);
    }
  };
  const file = findConfigFile(location);
  if (file === undefined) return { reload, close: () => {} };
  // Not fs.watchFile: it looks for the first time a while after it was asked to, and misses what changes until then.
  let seen = fingerprintOf(file);
  const timer = setInterval(() => {
    const now = fingerprintOf(file);
    if (now === undefined || now === seen) return;
    seen = now;
    reload();
  }, everyMs);
  timer.unref();
  return { reload, close: () => clearInterval(timer) };
}

/** What changes with the file; undefined while it is not there, as when it is being replaced. */
function fingerprintOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}
