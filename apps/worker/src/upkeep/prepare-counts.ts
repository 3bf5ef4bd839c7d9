import type { Config } from '@sluice/config';
import { countsTokens } from '@sluice/limits';
import { loadTokenizers, loadTokenizersAside } from '@sluice/metering';

import type { WorkerParts } from '../wire-worker.ts';

type PrepareDeps = Pick<WorkerParts, 'config' | 'clock' | 'log'>;

/** What starts beside this process has the processor first. */
const asideAfterMs = 1_000;

/**
 * Loads the tables that count tokens before they are needed. Those of models in lanes that limit tokens count before each call:
 * resolves when they are here. Of other models only calls that were cut are counted, for what they cost: their tables load a
 * moment later, on a thread. Here they would hold up all jobs for half a second, and the next cancel with them.
 */
export async function prepareCounts(deps: PrepareDeps, signal: AbortSignal): Promise<void> {
  const models = countedModels(deps.config);
  await loadTokenizers(models.filter(({ always }) => always));
  // Jobs need not wait for it, and it never rejects.
  void loadOthers(models, deps, signal);
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

async function loadOthers(
  models: readonly CountedModel[],
  { clock, log }: PrepareDeps,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(asideAfterMs, signal);
  if (signal.aborted) return;
  try {
    await loadTokenizersAside(models);
  } catch (error) {
    log.warn({ err: error }, 'the tables that count tokens were not loaded in advance');
  }
}
