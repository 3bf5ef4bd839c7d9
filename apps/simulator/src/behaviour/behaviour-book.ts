import { behaviourSchema } from './behaviour-schema.ts';
import type { BehaviourScript, BehaviourSettings, DelayRange } from './behaviour-schema.ts';
import { createSeededRandom } from './seeded-random.ts';

/** The behaviour of one scope, with its own sequence of drawn delays. */
export type Behaviour = {
  readonly settings: BehaviourSettings;
  /** Draws the next delay, in ms. */
  draw(range: DelayRange): number;
};

/** Which behaviour holds for which API key. */
export class BehaviourBook {
  #fallback = createBehaviour(behaviourSchema.parse({}));
  readonly #byKey = new Map<string, Behaviour>();

  /** Replaces the behaviour of the script's scope. Throws a ZodError for an invalid script. */
  set(script: BehaviourScript): BehaviourSettings {
    const settings = behaviourSchema.parse(script);
    const behaviour = createBehaviour(settings);
    if (settings.scope === undefined) this.#fallback = behaviour;
    else this.#byKey.set(settings.scope, behaviour);
    return settings;
  }

  /** The behaviour for a key: its own, else the common one. */
  for(key: string): Behaviour {
    return this.#byKey.get(key) ?? this.#fallback;
  }

  reset(): void {
    this.#byKey.clear();
    this.#fallback = createBehaviour(behaviourSchema.parse({}));
  }
}

function createBehaviour(settings: BehaviourSettings): Behaviour {
  const random = createSeededRandom(settings.seed);
  return {
    settings,
    draw: (range) =>
      typeof range === 'number' ? range : range.min + random() * (range.max - range.min),
  };
}
