import type { PathProblem } from './interpolate.ts';
import { asMapping, ownValue, type Mapping } from './mapping.ts';
import { suggestName } from './nearest-name.ts';
import type { Path } from './path.ts';

/** What belongs to the apps that a split chooses from. */
const ofArms = ['provider', 'apiKey', 'apiKeys', 'targets', 'limits', 'retry', 'cache'].concat([
  'onCrash',
  'sessionSeconds',
]);

/**
 * The splits of apps: arms that are apps with a way of their own, of one kind, so that each takes the same input. It reads the
 * data before validation and skips what is malformed.
 */
export function checkAppSplits(data: unknown): PathProblem[] {
  const apps = asMapping(asMapping(data)['apps']);
  return Object.entries(apps).flatMap(([name, value]) => {
    const app = asMapping(value);
    return app['split'] === undefined ? [] : checkSplit(['apps', name], app, apps);
  });
}

function checkSplit(path: Path, app: Mapping, apps: Mapping): PathProblem[] {
  const { arms: given } = asMapping(app['split']);
  const arms: unknown[] = Array.isArray(given) ? given : [];
  const names = arms.map((arm) => asMapping(arm)['app']);
  const at = [...path, 'split', 'arms'];
  const misplaced = ofArms.filter((key) => app[key] !== undefined);
  const weights = arms.map((arm) => Number(asMapping(arm)['weight']));
  return [
    ...misplaced.map((key) => ({
      path: [...path, key],
      message: 'belongs to the apps that the split chooses from',
    })),
    ...names.flatMap((name, i) => checkArm([...at, i, 'app'], { name, names, i, app }, apps)),
    ...(arms.length > 0 && weights.every((weight) => weight === 0)
      ? [{ path: at, message: 'have weights that sum to 0' }]
      : []),
  ];
}

interface Arm {
  name: unknown;
  names: readonly unknown[];
  i: number;
  /** The app with the split. */
  app: Mapping;
}

function checkArm(path: Path, { name, names, i, app }: Arm, apps: Mapping): PathProblem[] {
  if (typeof name !== 'string') return [];
  const found = ownValue(apps, name);
  if (found === undefined) {
    return [{ path, message: `unknown app "${name}"; ${suggestName(name, Object.keys(apps))}` }];
  }
  if (names.indexOf(name) !== i) return [{ path, message: `"${name}" is an arm already` }];
  const arm = asMapping(found);
  if (arm['split'] !== undefined) {
    return [{ path, message: `app "${name}" has a split; name one with targets` }];
  }
  const [kind, wanted] = [kindOf(arm), kindOf(app)];
  if (kind === wanted) return [];
  return [{ path, message: `app "${name}" is of kind ${kind}, and this one of kind ${wanted}` }];
}

function kindOf({ kind = 'workflow' }: Mapping): string {
  return String(kind);
}
