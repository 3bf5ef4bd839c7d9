import { unwatchFile, watchFile } from 'node:fs';

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
  watchFile(file, { interval: everyMs, persistent: false }, reload);
  return { reload, close: () => unwatchFile(file, reload) };
}
