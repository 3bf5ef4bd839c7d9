import { createHash } from 'node:crypto';

import { kindFacts } from './adapter-kinds.ts';
import { findModel } from './catalogue/catalogue.ts';
import type { PriceList } from './catalogue/price-list.ts';
import type { ModelFacts, Price, PriceTier, Provider, Target } from './config.ts';
import type { PriceSection } from './price-section.ts';

/** Where facts come from beside the configuration and the built-in catalogue. */
export interface FactSources {
  /** The file that the configuration names as `catalogue`. */
  priceList: PriceList | undefined;
}

/** What a model or one of its targets says of the upstream's model. */
type Section = { [Figure in keyof ModelFacts]?: ModelFacts[Figure] | undefined } & {
  price?: PriceSection | undefined;
};

/**
 * What is known of a target's model: what the target says, over what its model says, over the price list, over the built-in
 * catalogue. Each figure by itself; a price is one figure.
 */
export function resolveFacts(
  target: Section & { model: string },
  model: Section,
  provider: Provider,
  { priceList }: FactSources,
): Pick<Target, 'price' | 'priceVersion' | 'facts'> {
  const listed = priceList?.find(provider, target.model);
  const known = findModel(target.model);
  const served = servedWindow(provider);
  const facts = [
    known?.facts ?? {},
    listed?.facts ?? {},
    served,
    pickFacts(model),
    pickFacts(target),
  ];
  const own = toPrice(target.price ?? model.price);
  return {
    ...firstPrice(
      [own, own && `config ${digestOf(own)}`],
      [listed?.price, listed?.price && `catalogue file ${digestOf(listed.price)}`],
      [known?.price, `built-in ${known?.provenance.price?.asOf}`],
    ),
    facts: Object.assign({}, ...facts),
  };
}

type Versioned = readonly [price: Price | undefined, version: string | undefined];

function firstPrice(...given: Versioned[]): Pick<Target, 'price' | 'priceVersion'> {
  const [price, priceVersion] = given.find(([each]) => each !== undefined) ?? [];
  return { price, ...(priceVersion !== undefined && { priceVersion }) };
}

/** A file has no date that could be trusted: equal prices have equal digests, others have not. */
function digestOf(price: Price): string {
  return createHash('sha256').update(JSON.stringify(price)).digest('hex').slice(0, 8);
}

/** The context window that an option sets for the upstream, as Ollama's `numCtx` does: a longer prompt would be cut there. */
function servedWindow({ kind, options }: Provider): ModelFacts {
  const { contextWindow } = kindFacts(kind);
  const value = contextWindow === undefined ? undefined : options[contextWindow];
  return value === undefined ? {} : { contextWindow: Number(value) };
}

function pickFacts({
  contextWindow,
  maxOutputTokens,
  tools,
  vision,
  sampling,
}: Section): ModelFacts {
  return withoutUndefined({ contextWindow, maxOutputTokens, tools, vision, sampling });
}

function toPrice(section: PriceSection | undefined): Price | undefined {
  if (!section) return undefined;
  // The file was checked: a price that is missing is one that a model of this type does not have.
  const { inputPerMillion = 0, outputPerMillion = 0, tiers, ...optional } = section;
  return {
    inputPerMillion,
    outputPerMillion,
    ...withoutUndefined(optional),
    ...(tiers && { tiers: tiers.map(toTier) }),
  };
}

function toTier(section: NonNullable<PriceSection['tiers']>[number]): PriceTier {
  const { aboveInputTokens, inputPerMillion, outputPerMillion, ...optional } = section;
  return { aboveInputTokens, inputPerMillion, outputPerMillion, ...withoutUndefined(optional) };
}

type Defined<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

/** Only keys that are there: the types do not allow an explicit `undefined`. */
function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  // The same keys, but those without a value.
  return Object.fromEntries(given) as Defined<Value>;
}
