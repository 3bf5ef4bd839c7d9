import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { itineraryOf, type Itinerary } from './itinerary.ts';
import { nextStep } from './next-step.ts';
import type { Reason } from './reason-to-leave.ts';
import { cheap, dear, loadRoutes } from './testing/load-routes.ts';

const target = (model: string, more: object = {}) => ({
  provider: 'one',
  model,
  price: cheap,
  ...more,
});

function plan(model: object, fallback?: false | string[]): Itinerary {
  const config = loadRoutes({
    m: model,
    long: { targets: [target('long', { contextWindow: 1_000_000 }), target('longer')] },
    lax: { targets: [target('lax')] },
    dear: { targets: [target('dear', { price: dear })] },
  });
  const routing = fallback === undefined ? undefined : { fallback };
  return itineraryOf(config, { type: 'chat', model: 'm', routing });
}

/** The upstream names of the targets that a job visits which leaves each for `reason`. */
function visits(itinerary: Itinerary, ...reasons: Reason[]): string[] {
  const seen: string[] = [];
  let at = 0;
  for (const reason of reasons) {
    const { index } = nextStep(itinerary, at, reason);
    if (index === undefined) return seen;
    at = index;
    seen.push(itinerary.steps[index]?.target.model ?? '');
  }
  return seen;
}

describe('nextStep', () => {
  const three = { targets: [target('a'), target('b'), target('c')] };

  it('goes through the targets in order, each once', () => {
    expect(visits(plan(three), 'error', 'wait', 'error')).toEqual(['b', 'c']);
  });

  it.each<[string, object, string[]]>([
    ['the next target, by default', three, ['b']],
    ['nothing where it is false', { ...three, fallback: { contextWindow: false } }, []],
    ['the models that are named', { ...three, fallback: { contextWindow: ['long'] } }, ['long']],
    [
      'the next with a larger window, or one that is not known',
      {
        targets: [
          target('a', { contextWindow: 100 }),
          target('small', { contextWindow: 100 }),
          target('large', { contextWindow: 101 }),
        ],
      },
      ['large'],
    ],
  ])('sends a prompt that does not fit to %s', (_case, model, expected) => {
    expect(visits(plan(model), 'contextWindow')).toEqual(expected);
  });

  it.each<[string, object, string[]]>([
    ['nothing, by default', three, []],
    ['the next target where it is true', { ...three, fallback: { contentFilter: true } }, ['b']],
    ['the models that are named', { ...three, fallback: { contentFilter: ['lax'] } }, ['lax']],
  ])('sends what the filter refused to %s', (_case, model, expected) => {
    expect(visits(plan(model), 'contentFilter')).toEqual(expected);
  });

  it('stays in the list that it was sent to, and goes from one to the other but never back', () => {
    const lists = { contextWindow: ['long'], contentFilter: ['lax'] };
    const itinerary = plan({ ...three, fallback: lists });
    expect(visits(itinerary, 'contextWindow', 'error', 'error')).toEqual(['long', 'longer']);
    expect(visits(itinerary, 'contextWindow', 'contentFilter')).toEqual(['long', 'lax']);
    expect(visits(itinerary, 'contentFilter', 'contextWindow')).toEqual(['lax']);
  });

  it('passes by what is dearer or of unknown price, unless it is allowed', () => {
    const targets = [
      target('a'),
      target('dear', { price: dear }),
      { provider: 'one', model: 'unknown' },
      target('z'),
    ];
    expect(nextStep(plan({ targets }), 0, 'error')).toMatchObject({
      index: 3,
      passedBy: [{ reason: 'dearer than the first target' }, { reason: 'of unknown price' }],
    });
    const allowed = plan({ targets, fallback: { allowDearer: true } });
    expect(nextStep(allowed, 0, 'error')).toEqual({ index: 1, passedBy: [] });
  });

  it('compares with the first target, not with the one that failed', () => {
    const cheaper = { price: { inputPerMillion: 0.5, outputPerMillion: 1 } };
    expect(
      visits(plan({ targets: [target('a'), target('b', cheaper), target('c')] }), 'error', 'error'),
    ).toEqual(['b', 'c']);
  });

  it('keeps to what the client allows', () => {
    expect(visits(plan(three, false), 'error')).toEqual([]);
    expect(visits(plan(three, ['lax', 'one/c']), 'error', 'error', 'error')).toEqual(['lax', 'c']);
    expect(visits(plan(three, ['lax']), 'contentFilter')).toEqual(['lax']);
  });

  it('never goes back, never leaves the price of the first, and ends', () => {
    const reasons = fc.constantFrom<Reason>('error', 'wait', 'contextWindow', 'contentFilter');
    const prices = fc.array(fc.constantFrom(cheap, dear, undefined), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(prices, fc.array(reasons, { maxLength: 12 }), (list, why) => {
        const targets = list.map((price, i) => ({
          provider: 'one',
          model: `m${i}`,
          ...(price && { price }),
        }));
        const fallback = { contextWindow: ['long', 'dear'], contentFilter: true };
        const itinerary = plan({ targets, fallback });
        let at = 0;
        for (const reason of why) {
          const { index } = nextStep(itinerary, at, reason);
          if (index === undefined) break;
          expect(index).toBeGreaterThan(at);
          at = index;
          const first = list[0];
          if (first === cheap) expect(itinerary.steps[at]?.target.price).toEqual(cheap);
        }
      }),
      { numRuns: 50 },
    );
  });
});
