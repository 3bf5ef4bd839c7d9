import { RE2JS } from 're2js';

import type { RouterRule, RuleConditions } from '@sluice/config';
import type { Priority, RunInput } from '@sluice/contracts';

import { bringsImages, bringsTools } from './brought.ts';
import { readText } from './read-text.ts';

/** What rules look at. */
export interface RoutedJob {
  input: RunInput;
  priority: Priority;
  metadata?: Readonly<Record<string, string>> | undefined;
}

/** The first rule of which every condition holds. */
export function matchRule(rules: readonly RouterRule[], job: RoutedJob): RouterRule | undefined {
  const seen = look(job);
  return rules.find(({ when }) => holds(when, seen));
}

/** What is dear to know of a job is found out when the first rule asks for it. */
interface Seen {
  job: RoutedJob;
  text(): string;
  lowerText(): string;
  inputTokens(): number;
}

function look(job: RoutedJob): Seen {
  const text = once(() => readText(job.input));
  return {
    job,
    text,
    lowerText: once(() => text().toLowerCase()),
    inputTokens: once(() => bytesOf(job.input) / bytesPerToken),
  };
}

function once<Value>(find: () => Value): () => Value {
  let found: { value: Value } | undefined;
  return () => (found ??= { value: find() }).value;
}

/** As everywhere before a worker counts: prose has about four. */
const bytesPerToken = 4;

function bytesOf(input: RunInput): number {
  return Buffer.byteLength(JSON.stringify(input));
}

function holds(when: RuleConditions, { job, ...seen }: Seen): boolean {
  const { keywords, regex, minInputTokens, maxInputTokens, tools, vision, metadata, priority } =
    when;
  // Cheap ones first.
  if (priority && !priority.includes(job.priority)) return false;
  if (tools !== undefined && tools !== bringsTools(job.input)) return false;
  if (vision !== undefined && vision !== bringsImages(job.input)) return false;
  if (metadata && !hasAll(job.metadata ?? {}, metadata)) return false;
  if (minInputTokens !== undefined && seen.inputTokens() < minInputTokens) return false;
  if (maxInputTokens !== undefined && seen.inputTokens() > maxInputTokens) return false;
  if (keywords && !keywords.some((word) => seen.lowerText().includes(word.toLowerCase()))) {
    return false;
  }
  return regex === undefined || compiled(regex).matcher(seen.text()).find();
}

function hasAll(
  given: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(given, key) && given[key] === value,
  );
}

const patterns = new Map<string, RE2JS>();

/** The configuration was checked: it compiles. There are as many as rules of configurations read by this process. */
function compiled(regex: string): RE2JS {
  const known = patterns.get(regex);
  if (known) return known;
  const pattern = RE2JS.compile(regex);
  patterns.set(regex, pattern);
  return pattern;
}
