import type { Config } from '@sluice/config';
import { countsTokens } from '@sluice/limits';
import { loadTokenizers, loadTokenizersAside } from '@sluice/metering';

import type { WorkerParts } from '../wire-worker.ts';

/**
 * Loads the tables that count tokens for models in lanes that limit tokens: those count before each call. Of other models only
 * calls that were cut are counted, for what they cost, and their tables load with the first of these, on a thread: most workers
 * never need them, and here they would hold up all jobs for half a second.
 */
export async function prepareCounts(config: Config): Promise<void> {
  await loadTokenizers(countedModels(config).filter(({ always }) => always));
}

/** Loads the tables of all models on the thread, for a worker that may soon have to cut its calls. Never rejects. */
export async function prepareCuts({
  config,
  log,
}: Pick<WorkerParts, 'config' | 'log'>): Promise<void> {
  try {
    await loadTokenizersAside(countedModels(config));
  } catch (error) {
    log.warn({ err: error }, 'the tables that count tokens were not loaded in advance');
  }
}

interface CountedModel {
  kind: string;
  model: string;
  /** Before each call. */
  always: boolean;
}

function countedModels({ routes, lanes }: Config): CountedModel[] {
  return [routes.chat, routes.embedding, routes.rerank]
    .flatMap((byName) => Object.values(byName))
    .flatMap(({ targets }) => targets)
    .map(({ provider, model, lane: name }) => {
      const lane = lanes[name];
      return { kind: provider.kind, model, always: lane !== undefined && countsTokens(lane) };
    });
}
