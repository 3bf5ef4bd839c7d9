import { describe, expect, it } from 'vitest';

import type { Config } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import { itineraryOf } from './itinerary.ts';
import { routeJob, type ArrivingJob, type LiveFacts, type Objection } from './route-job.ts';
import { cheap, dear, loadRoutes } from './testing/load-routes.ts';

const models = {
  fast: { targets: ['one/fast', 'two/fast', 'two/last'] },
  paid: { targets: [{ provider: 'one', model: 'paid', price: cheap }] },
  costly: { targets: [{ provider: 'one', model: 'costly', price: dear }] },
  vectors: { type: 'embedding', targets: ['one/vectors'] },
  blind: {
    targets: [
      { provider: 'one', model: 'blind', vision: false, tools: false },
      { provider: 'one', model: 'lame', tools: false },
      { provider: 'two', model: 'able' },
      'two/last',
    ],
  },
  auto: { router: { rules: [{ when: { keywords: ['hard'] }, model: 'paid' }], default: 'fast' } },
};
const apps = {
  flow: { provider: 'dify', apiKey: 'app-1' },
  spare: { provider: 'dify', apiKey: 'app-2' },
  talk: { kind: 'chat', provider: 'dify', apiKey: 'app-3' },
  either: {
    split: {
      arms: [
        { app: 'flow', weight: 1 },
        { app: 'spare', weight: 1 },
      ],
      stickyBy: 'job',
    },
  },
};
const config = loadRoutes(models, apps);

function job(more: Partial<ArrivingJob> = {}): ArrivingJob {
  return {
    type: 'chat',
    model: 'fast',
    input: { messages: [{ role: 'user', content: 'Hello' }] },
    priority: 'normal',
    jobId: 'job_1',
    tenantId: 'acme',
    ...more,
  };
}

/** `objections` by the upstream's name of the model. */
function route(
  more?: Partial<ArrivingJob>,
  objections: Record<string, Objection> = {},
  of: Config = config,
) {
  const facts: LiveFacts = {
    splits: { isRolledBack: () => false, armsOf: () => undefined },
    objectionTo: ({ provider, model }) => objections[`${provider.name}/${model}`],
  };
  return routeJob(of, job(more), facts);
}

const broken: Objection = { reason: 'wait', why: 'circuit breaker' };

describe('routeJob', () => {
  it('begins at the first target and says nothing where nothing was decided', () => {
    expect(route()).toEqual({ lane: 'one' });
  });

  it('begins at the next target without an objection, and says why', () => {
    expect(route({}, { 'one/fast': broken, 'two/fast': broken })).toEqual({
      lane: 'two',
      targetIndex: 2,
      moves: [
        { provider: 'one', model: 'fast', reason: 'circuit breaker', attempts: 0 },
        { provider: 'two', model: 'fast', reason: 'circuit breaker', attempts: 0 },
      ],
    });
  });

  const image = {
    messages: [
      {
        role: 'user' as const,
        content: [{ type: 'image_url' as const, image_url: { url: 'https://a.test/a.png' } }],
      },
    ],
  };
  const withTools = {
    messages: [{ role: 'user' as const, content: 'Hello' }],
    tools: [{ type: 'function' as const, function: { name: 'look' } }],
  };

  it.each([
    ['images', image, 1, ['reads no images']],
    ['tools', withTools, 2, ['calls no tools', 'calls no tools']],
  ])(
    'passes by targets that are known not to take the %s of a job',
    (_what, input, index, reasons) => {
      const start = route({ model: 'blind', input });
      expect(start.targetIndex).toBe(index);
      expect(start.moves?.map(({ reason }) => reason)).toEqual(reasons);
      expect(route({ model: 'blind' })).toEqual({ lane: 'one' });
    },
  );

  it('waits for a target that can take the job rather than ask one that cannot', () => {
    const late = { 'two/able': broken, 'two/last': broken };
    expect(route({ model: 'blind', input: withTools }, late)).toMatchObject({ targetIndex: 2 });
  });

  it('begins at the first target where none is without one', () => {
    const all = { 'one/fast': broken, 'two/fast': broken, 'two/last': broken };
    expect(route({}, all)).toEqual({ lane: 'one' });
  });

  it('does not pass by a target for a client who forbids it', () => {
    expect(route({ fallback: false }, { 'one/fast': broken })).toEqual({
      lane: 'one',
      routing: { fallback: false },
    });
  });

  it('keeps what a router has chosen', () => {
    const input = { messages: [{ role: 'user' as const, content: 'A HARD question' }] };
    expect(route({ model: 'auto' })).toEqual({
      lane: 'one',
      routing: { model: 'fast', rule: 'default' },
    });
    expect(route({ model: 'auto', input })).toEqual({
      lane: 'one',
      routing: { model: 'paid', rule: 'rules[0]' },
    });
  });

  it.each<[Partial<ArrivingJob>, string, string]>([
    [
      { fallback: ['fastt'] },
      'fallback[0]',
      'there is no chat model "fastt"; did you mean "fast"?',
    ],
    [{ fallback: ['paid', 'vectors'] }, 'fallback[1]', 'there is no chat model "vectors"'],
    [{ fallback: ['one/nothing'] }, 'fallback[0]', 'there is no chat model "one/nothing"'],
    [{ fallback: ['auto'] }, 'fallback[0]', '"auto" has a router'],
    [
      { model: 'paid', fallback: ['costly'] },
      'fallback[0]',
      '"costly" is dearer than the first target of "paid"',
    ],
    [{ model: 'paid', fallback: ['fast'] }, 'fallback[0]', '"fast" is of unknown price'],
    [
      { type: 'workflow', model: 'flow', input: { inputs: {} }, fallback: ['talk'] },
      'fallback[0]',
      'app "talk" is of kind chat',
    ],
  ])('refuses %j', (more, param, message) => {
    const act = () => route(more);
    expect(act).toThrow(SluiceError);
    expect(act).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
    expect(act).toThrow(message);
  });

  it('spreads the jobs of an app over the arms of its split, with the other arms behind them', () => {
    const starts = Array.from({ length: 40 }, (_, i) =>
      route({ type: 'workflow', model: 'either', input: { inputs: {} }, jobId: `job_${i}` }),
    );
    const chosen = Map.groupBy(starts, ({ routing }) => routing?.model);
    expect(new Set(chosen.keys())).toEqual(new Set(['flow', 'spare']));
    const { routing } = starts[0]!;
    const { steps } = itineraryOf(config, { type: 'workflow', model: 'either', routing });
    const names = steps.map(({ target }) => target.model);
    expect(names.toSorted()).toEqual(['flow', 'spare']);
    expect(names[0]).toBe(routing?.model);
  });

  it('takes names of models, apps and targets', () => {
    expect(route({ fallback: ['paid', 'two/last'] })).toEqual({
      lane: 'one',
      routing: { fallback: ['paid', 'two/last'] },
    });
    const flow = { type: 'workflow', model: 'flow', input: { inputs: {} } } as const;
    expect(route({ ...flow, fallback: ['spare'] }).lane).toBe('dify');
  });
});
