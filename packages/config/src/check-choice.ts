import { RE2JS, RE2JSException } from 're2js';

import { checkReference, type Reference } from './check-reference.ts';
import { complexities } from './choice.ts';
import type { PathProblem } from './interpolate.ts';
import { asMapping, type Mapping } from './mapping.ts';
import type { Path } from './path.ts';

/** A model's router or split: the models it names, its rules and weights. */
export function checkChoice(path: Path, model: Mapping, models: Mapping): PathProblem[] {
  const type = model['type'] ?? 'chat';
  return [
    ...checkRouter([...path, 'router'], asMapping(model['router']), { type, models }),
    ...checkSplit([...path, 'split'], asMapping(model['split']), { type, models }),
  ];
}

interface Around {
  type: unknown;
  models: Mapping;
}

function checkRouter(path: Path, router: Mapping, { type, models }: Around): PathProblem[] {
  const rules: unknown[] = Array.isArray(router['rules']) ? router['rules'] : [];
  const classifier = asMapping(router['classifier']);
  const at = [...path, 'classifier'];
  const chosen = (where: Path, to: unknown): Reference => {
    return { path: where, to, type, needs: 'targets or a split' };
  };
  const references: Reference[] = [
    ...rules.map((rule, i) => chosen([...path, 'rules', i, 'model'], asMapping(rule)['model'])),
    chosen([...path, 'default'], router['default']),
    ...complexities.map((answer) => chosen([...at, answer], classifier[answer])),
    { path: [...at, 'model'], to: classifier['model'], type: 'chat', needs: 'targets' },
  ];
  return [
    ...references.flatMap((reference) => checkReference(reference, models)),
    ...rules.flatMap((rule, i) => checkRule([...path, 'rules', i, 'when'], asMapping(rule))),
    ...(router['classifier'] !== undefined && type !== 'chat'
      ? [{ path: at, message: 'reads chats; a model of another type cannot have one' }]
      : []),
  ];
}

function checkRule(path: Path, rule: Mapping): PathProblem[] {
  const when = asMapping(rule['when']);
  if (rule['when'] !== undefined && Object.keys(when).length === 0) {
    return [{ path, message: 'must ask for something; what matches always is the default' }];
  }
  const { minInputTokens: least, maxInputTokens: most } = when;
  if (Number(least) > Number(most)) {
    return [
      { path: [...path, 'minInputTokens'], message: 'must not be larger than maxInputTokens' },
    ];
  }
  return checkRegex([...path, 'regex'], when['regex']);
}

function checkRegex(path: Path, regex: unknown): PathProblem[] {
  if (typeof regex !== 'string') return [];
  try {
    RE2JS.compile(regex);
    return [];
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return [{ path, message: `is not a regular expression of RE2: ${error.message}` }];
  }
}

function checkSplit(path: Path, split: Mapping, { type, models }: Around): PathProblem[] {
  const arms: unknown[] = Array.isArray(split['arms']) ? split['arms'] : [];
  const names = arms.map((arm) => asMapping(arm)['model']);
  const problems = names.flatMap((to, i): PathProblem[] => {
    const at = [...path, 'arms', i, 'model'];
    if (names.indexOf(to) !== i && typeof to === 'string') {
      return [{ path: at, message: `"${to}" is an arm already` }];
    }
    return checkReference({ path: at, to, type, needs: 'targets' }, models);
  });
  const weights = arms.map((arm) => Number(asMapping(arm)['weight']));
  if (arms.length === 0 || weights.some((weight) => weight !== 0)) return problems;
  return [...problems, { path: [...path, 'arms'], message: 'have weights that sum to 0' }];
}
