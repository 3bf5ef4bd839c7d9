import { isFiller, wordsOf } from './words.ts';

const negations = new Set(
  'not no never none nobody nothing nowhere neither nor without except excluding unless hardly barely rarely lacks lacking fail fails avoid'.split(
    ' ',
  ),
);

/** Numbers in words, and what is counted like them. */
const numerals = new Set(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen ' +
    'nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half quarter third ' +
    'double triple once twice dozen first second fourth fifth sixth seventh eighth ninth tenth last next previous ' +
    'monday tuesday wednesday thursday friday saturday sunday january february march april june july august september ' +
    'october november december today tomorrow yesterday'
  ).split(' '),
);

/** Words that turn a question round. */
const poles = new Set(
  (
    'all any some every each only also always sometimes more less most least fewer max min maximum minimum before after ' +
    'above below over under up down in out on off left right from into than with increase decrease enable disable allow ' +
    'deny start stop add remove open close buy sell best worst true false old new highest lowest cheapest first last who ' +
    'whom whose when where why how if must should may'
  ).split(' '),
);

/**
 * Whether a reply to one question may answer the other, whatever a model of similarity says. Its vectors hardly see a "not",
 * a digit or a name: reversed questions have scored 0.9997. So all of these must be equal, in order:
 *
 * - numbers, in digits and in words, days, months
 * - negations, and words that turn a question round (`before` and `after`, `only`, `why`)
 * - names: what begins with a capital inside a sentence of either question, or has a digit or a capital in it
 *
 * And no word with a meaning may stand in the place of another in an otherwise equal sentence (`the capital of france`,
 * `the capital of spain`), nor may the same words stand in another order (`from eur to usd`), nor may a word of meaning be in
 * one question alone where the other has none to set against it.
 * @see https://github.com/zilliztech/GPTCache/issues/694
 */
export function isSameQuestion(one: string, other: string): boolean {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const names = new Set([...namesIn(one), ...namesIn(other)]);
  const marks = (words: readonly string[]) =>
    words.filter((word) => isMark(word) || names.has(word)).join(' ');
  if (marks(a) !== marks(b)) return false;
  const [said, meant] = [meaningOf(a), meaningOf(b)];
  if (said.join(' ') === meant.join(' ')) return true;
  if (said.length === meant.length)
    return differences(said, meant) > said.length / 2 && !isReordered(said, meant);
  const [longer, shorter] = said.length > meant.length ? [said, meant] : [meant, said];
  return !shorter.every((word) => longer.includes(word));
}

function isMark(word: string): boolean {
  return /\d|\p{Sc}|%/u.test(word) || negations.has(word) || numerals.has(word) || poles.has(word);
}

/** What begins with a capital but not a sentence, has one inside, or mixes letters and digits; in lower case, by words. */
function namesIn(text: string): string[] {
  const found: string[] = [];
  for (const sentence of text.split(/(?<=[.!?:;])\s+|\n/)) {
    sentence.split(/\s+/).forEach((word, i) => {
      const isName = i > 0 ? /\p{Lu}/u.test(word) : /\p{L}\p{Lu}/u.test(word);
      if (isName && !/^I('|\W|$)/.test(word)) found.push(...wordsOf(word));
    });
  }
  return found;
}

/** The words that carry the meaning, without the endings of number and time. */
function meaningOf(words: readonly string[]): string[] {
  return words.filter((word) => !isFiller(word) && !isMark(word)).map(stem);
}

function stem(word: string): string {
  if (word.length < 5) return word.replace(/(?<=[^s])s$/, '');
  return word.replace(/(ing|ed|es|s)$/, '');
}

function differences(one: readonly string[], other: readonly string[]): number {
  return one.filter((word, i) => word !== other[i]).length;
}

function isReordered(one: readonly string[], other: readonly string[]): boolean {
  return [...one].toSorted().join(' ') === [...other].toSorted().join(' ');
}
