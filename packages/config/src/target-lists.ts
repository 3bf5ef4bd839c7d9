import { asMapping, type Mapping } from './mapping.ts';
import type { Path } from './path.ts';

/** A list of targets in the file, not validated yet. */
export interface TargetList {
  path: Path;
  targets: readonly unknown[];
}

/** Every list of targets of a model: its own, and those of its fallbacks. What is malformed is skipped. */
export function targetListsOf(path: Path, model: Mapping): TargetList[] {
  const fallback = asMapping(model['fallback']);
  const lists: [Path, unknown][] = [
    [[...path, 'targets'], model['targets']],
    [[...path, 'fallback', 'contextWindow'], fallback['contextWindow']],
    [[...path, 'fallback', 'contentFilter'], fallback['contentFilter']],
  ];
  return lists.flatMap(([at, targets]) =>
    Array.isArray(targets) ? [{ path: at, targets: targets as unknown[] }] : [],
  );
}
