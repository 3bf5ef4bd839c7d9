import { complexities, type Classifier, type Complexity, type RouteTarget } from '@sluice/config';
import type { ChatInput, Outcome, Routing, RunInput } from '@sluice/contracts';
import { follow, itineraryOf, lackOf, nextStep, readText } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import { claimOf } from './claim-of.ts';
import type { Plan } from './plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { writeCache } from '../cache/write-cache.ts';

/** The classifier that the job is at now; `undefined` for one that is past it, or has none. */
export function classifierOf(
  { record, itinerary }: Plan,
  { config }: Pick<RunJobDeps, 'config'>,
): Classifier | undefined {
  const router = record.routing?.classifier;
  if (router === undefined || itinerary.steps[record.targetIndex]?.group !== 'classifier') {
    return undefined;
  }
  const choice = config.routes.chat[router]?.choice;
  return choice?.kind === 'router' ? choice.classifier : undefined;
}

/**
 * Asks the classifier how hard the job is, by a call as any other: with its cache, its permit and its cost; `run` makes it.
 * Then:
 *
 * | what came of it                                      | the job                                       |
 * |------------------------------------------------------|-----------------------------------------------|
 * | `simple`, `medium` or `complex`, first word of these | goes to the model for that answer             |
 * | another answer, or a failed call                     | goes to the router's default                  |
 * | a wait that ends within the classifier's time        | waits                                         |
 * | any other wait; its time is over before it is asked  | goes to the router's default                  |
 * | this worker goes away, the job was cancelled         | is given back, or left                        |
 */
export async function classifyJob(
  plan: Plan,
  classifier: Classifier,
  deps: RunJobDeps,
  run: (plan: Plan) => Promise<Outcome>,
): Promise<Outcome> {
  const { record } = plan;
  const deadlineMs = (record.runAtMs ?? record.createdAtMs) + classifier.timeoutMs;
  const leftMs = deadlineMs - deps.clock.now();
  if (leftMs <= 0) return sendOn(plan, { answer: undefined, why: 'out of time' }, deps);
  const outcome = await run(asClassification(plan, classifier, leftMs, deps));
  switch (outcome.kind) {
    case 'nothing':
    case 'held':
    case 'give_back':
      return outcome;
    case 'wait':
      if (deps.clock.now() + outcome.waitMs < deadlineMs && !isBroken(outcome)) return outcome;
      return sendOn(plan, { answer: undefined, why: outcome.waitingOn.limit }, deps);
    case 'ended':
      return afterAnswer(plan, outcome, deps);
    case 'retry':
    case 'fallback':
    case 'pause':
      return sendOn(plan, { answer: undefined, why: outcome.kind }, deps);
  }
}

function isBroken({ waitingOn }: Extract<Outcome, { kind: 'wait' }>): boolean {
  return waitingOn.limit === 'circuit breaker';
}

const instructions =
  'You judge how hard a request to a language model is. Answer with one word: "simple" for what any small model does well ' +
  '(greetings, look-ups, short rewrites), "medium" for what takes some knowledge or several steps, "complex" for reasoning, ' +
  'analysis, long code or mathematics. Do not answer the request itself.';

/** The job as a question to the classifier, tried once. */
function asClassification(
  plan: Plan,
  classifier: Classifier,
  leftMs: number,
  { config }: RunJobDeps,
): Plan {
  // A router with a classifier is of chats: config allows no other. Its input is one that makes a call.
  const text = readText(plan.record.input as RunInput);
  const input: ChatInput = {
    messages: [
      { role: 'system', content: instructions },
      { role: 'user', content: text },
    ],
    max_tokens: 500,
  };
  const { sessionId: _session, cacheChoice: _choice, ...record } = plan.record;
  const retry = { ...plan.target.retry, maxAttempts: 1 };
  return {
    ...plan,
    record: { ...record, input, cacheMode: 'default', attemptTimeoutMs: leftMs },
    route: config.routes.chat[classifier.model] ?? plan.route,
    target: { ...plan.target, retry },
  };
}

function afterAnswer(
  plan: Plan,
  { ending, keepAs }: Extract<Outcome, { kind: 'ended' }>,
  deps: RunJobDeps,
): Outcome {
  // Not awaited: the job goes on, and writeCache never rejects.
  if (keepAs) void writeCache(keepAs, ending, deps);
  const result = ending.state === 'completed' ? ending.result : undefined;
  const answer = result?.type === 'chat' ? answerIn(result.message.content ?? '') : undefined;
  const why = ending.state === 'completed' ? 'no answer that is known' : ending.error.code;
  const { attempt, entry } = ending;
  const spent = entry && attempt && { cost_usd: entry.costUsd };
  return sendOn(
    plan,
    {
      answer,
      why,
      ...(attempt && { attempt: { ...attempt, purpose: 'classify', ...spent } }),
      ...(entry && { entry }),
    },
    deps,
  );
}

/** The first of the words that it may say. */
function answerIn(text: string): Complexity | undefined {
  const found = /\b(simple|medium|complex)\b/i.exec(text)?.[1]?.toLowerCase();
  return complexities.find((known) => known === found);
}

type Fallback = Extract<Outcome, { kind: 'fallback' }>;

interface Answer extends Pick<Fallback, 'attempt' | 'entry'> {
  answer: Complexity | undefined;
  /** Why there is none. */
  why: string;
}

/** To the first target of the model that the answer leads to. */
function sendOn(plan: Plan, { answer, why, ...spent }: Answer, deps: RunJobDeps): Outcome {
  const { record, target } = plan;
  const said = answer ?? `default (${why})`;
  const routing = routingFor(plan, answer, said, deps);
  const type = callTypeOf(record.type);
  const itinerary = itineraryOf(deps.config, { type, model: record.model, routing });
  const { steps, first } = itinerary;
  // A chat, as the classifier's question was made of it.
  const lacks = (step: RouteTarget) => lackOf(record.input as RunInput, step);
  const start = steps[first];
  const isUnable = start && lacks(start.target) !== undefined;
  const able = isUnable ? nextStep(itinerary, first, 'error', lacks).index : undefined;
  const targetIndex = able ?? first;
  const next = steps[targetIndex];
  if (!next) throw new Error(`${record.model} leads to no target`);
  const left = {
    provider: target.provider.name,
    model: target.model,
    reason: `classifier: ${said}`,
    attempts: record.attempts.length + (spent.attempt ? 1 : 0),
  };
  return {
    kind: 'fallback',
    targetIndex,
    lane: next.target.lane,
    moves: [...(record.moves ?? []), left],
    routing,
    ...spent,
    claim: claimOf(record),
  };
}

function routingFor(
  { record }: Plan,
  answer: Complexity | undefined,
  said: string,
  { config, splits }: RunJobDeps,
): Routing {
  const router = record.routing?.classifier ?? '';
  const choice = config.routes.chat[router]?.choice;
  if (choice?.kind !== 'router') throw new Error(`${router} is no router`);
  const model = answer === undefined ? undefined : choice.classifier?.models[answer];
  const chosen = { ...record.routing, model: model ?? choice.default, rule: `classifier: ${said}` };
  // As above.
  const job = { ...record, type: callTypeOf(record.type), input: record.input as RunInput };
  return follow(config, chosen, job, splits);
}
