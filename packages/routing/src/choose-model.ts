import type { Config } from '@sluice/config';
import type { CallType, Routing } from '@sluice/contracts';

import { chooseArm, type Asking } from './choose-arm.ts';
import { matchRule, type RoutedJob } from './match-rule.ts';
import { resolveRoute } from './resolve-route.ts';

/** A job that names a model. */
export interface ChoosingJob extends RoutedJob, Asking {
  type: CallType;
}

/** Which arms were rolled back, as this process knows. */
export type IsRolledBack = (split: string, model: string) => boolean;

/**
 * Which model a name leads to, first match wins; `undefined` where it has targets itself:
 *
 * | the name has        | leads to                                                       |
 * |---------------------|----------------------------------------------------------------|
 * | a split             | the arm of the job's user, session, tenant or id               |
 * | a router: rules     | the model of the first rule of which every condition holds     |
 * | … and a classifier  | nothing yet: a worker asks the classifier                      |
 * | … and none          | its default                                                    |
 *
 * A router may lead to a split, which then chooses.
 */
export function chooseModel(
  config: Config,
  name: string,
  job: ChoosingJob,
  isRolledBack: IsRolledBack,
): Routing | undefined {
  const { choice } = resolveRoute(config, job.type, name);
  if (!choice) return undefined;
  if (choice.kind === 'split') {
    const model = chooseArm(choice, job, (arm) => isRolledBack(name, arm));
    return { model, arm: { split: name, model } };
  }
  const rule = matchRule(choice.rules, job);
  if (!rule && choice.classifier) return { classifier: name };
  const model = rule?.model ?? choice.default;
  return follow(config, { model, rule: rule?.name ?? 'default' }, job, isRolledBack);
}

/** What becomes of a job whose classifier has answered, or has not: its model, or the arm of the split that it is. */
export function follow(
  config: Config,
  chosen: Routing & { model: string },
  job: ChoosingJob,
  isRolledBack: IsRolledBack,
): Routing {
  return { ...chosen, ...chooseModel(config, chosen.model, job, isRolledBack) };
}
