import type { Priority } from '@sluice/contracts';

/** Chooses a model by what the job is: the first rule that matches, else the classifier's word, else the default. */
export interface Router {
  kind: 'router';
  rules: readonly RouterRule[];
  classifier: Classifier | undefined;
  default: string;
}

export interface RouterRule {
  /** For people; its place in the file where it has none. */
  name: string;
  /** Public name. */
  model: string;
  when: RuleConditions;
}

/** All of them must hold. Text is compared without regard to case by `keywords`, as it says by `regex`. */
export interface RuleConditions {
  /** Any of these words or phrases. */
  keywords?: readonly string[];
  /** RE2's syntax. */
  regex?: string;
  minInputTokens?: number;
  maxInputTokens?: number;
  /** Whether the job brings tools. */
  tools?: boolean;
  /** Whether the job brings images. */
  vision?: boolean;
  metadata?: Readonly<Record<string, string>>;
  priority?: readonly Priority[];
}

/** A small model that says how hard a job is, and the public name of the model for each answer. */
export interface Classifier {
  model: string;
  /** From accept to the answer, waiting included. */
  timeoutMs: number;
  models: Readonly<Record<Complexity, string>>;
}

export const complexities = ['simple', 'medium', 'complex'] as const;
export type Complexity = (typeof complexities)[number];

/** Spreads jobs over models by weight. The first arm is the baseline that the others are compared with. */
export interface Split {
  kind: 'split';
  arms: readonly [SplitArm, ...SplitArm[]];
  /** What stays in one arm. */
  stickyBy: 'user' | 'session' | 'tenant' | 'job';
  salt: string;
  rollback: RollbackRules | undefined;
}

export interface SplitArm {
  /** Public name. */
  model: string;
  weight: number;
}

/** When an arm loses its share to the baseline. */
export interface RollbackRules {
  windowMs: number;
  /** Fewer calls of the arm in the window than these say nothing. */
  minCalls: number;
  /** How much higher its share of failed calls may be, 0 to 1. */
  errorRate?: number;
  /** How many times the baseline's mean may be its own. */
  latencyFactor?: number;
  costFactor?: number;
}

/** The public names that may be chosen, each once. */
export function modelsOf(choice: Router | Split): string[] {
  if (choice.kind === 'split') return [...new Set(choice.arms.map(({ model }) => model))];
  const graded = choice.classifier ? Object.values(choice.classifier.models) : [];
  return [...new Set([choice.default, ...choice.rules.map(({ model }) => model), ...graded])];
}
