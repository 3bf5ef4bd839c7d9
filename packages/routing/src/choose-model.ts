import type { Config, Split } from '@sluice/config';
import type { CallType, Routing } from '@sluice/contracts';

import { chooseArm, type Asking } from './choose-arm.ts';
import { matchRule, type RoutedJob } from './match-rule.ts';
import { resolveRoute } from './resolve-route.ts';

/** A job that names a model. */
export interface ChoosingJob extends RoutedJob, Asking {
  type: CallType;
}

/** What became of the splits of the configuration, as this process knows. */
export interface LiveSplits {
  isRolledBack(split: string, model: string): boolean;
  /** Arms with the weights in force; `undefined` for the configuration's. */
  armsOf(split: string): Split['arms'] | undefined;
}

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
  splits: LiveSplits,
): Routing | undefined {
  const { choice } = resolveRoute(config, job.type, name);
  if (!choice) return undefined;
  if (choice.kind === 'split') {
    const arms = splits.armsOf(name) ?? choice.arms;
    const model = chooseArm({ ...choice, arms }, job, (arm) => splits.isRolledBack(name, arm));
    return { model, arm: { split: name, model } };
  }
  const rule = matchRule(choice.rules, job);
  if (!rule && choice.classifier) return { classifier: name };
  const model = rule?.model ?? choice.default;
  return follow(config, { model, rule: rule?.name ?? 'default' }, job, splits);
}

/** What becomes of a job whose classifier has answered, or has not: its model, or the arm of the split that it is. */
export function follow(
  config: Config,
  chosen: Routing & { model: string },
  job: ChoosingJob,
  splits: LiveSplits,
): Routing {
  return { ...chosen, ...chooseModel(config, chosen.model, job, splits) };
}
