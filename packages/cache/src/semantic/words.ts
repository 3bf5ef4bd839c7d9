/** The words and numbers of a text in lower case, in order; contractions are spelled out as far as they negate. */
export function wordsOf(text: string): string[] {
  const spelled = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u2019\u02BC]/g, "'")
    .replaceAll(/\bcan't\b|\bcannot\b/g, 'can not')
    .replaceAll(/\bwon't\b/g, 'will not')
    .replaceAll(/n't\b/g, ' not')
    .replaceAll(
      /\b(dont|doesnt|didnt|isnt|arent|wasnt|werent|shouldnt|wouldnt|couldnt)\b/g,
      (word) => (word === 'dont' ? 'do not' : `${word.slice(0, -2)} not`),
    );
  return spelled.match(/[+-]?\d+(?:[.,:/-]\d+)*%?|\p{L}+(?:['-]\p{L}+)*|[\p{Sc}%]/gu) ?? [];
}

/** Words that only hold a sentence together: two questions that differ in nothing else are the same. */
const fillers = new Set(
  (
    'a an the of to in on at for is are was were be been am do does did i me my we us our you your it its this that these ' +
    'those there please kindly can could would will shall may might tell show give know want like need ' +
    'let just so then and what whats which hi hello hey thanks thank so exactly actually really maybe'
  ).split(' '),
);

export function isFiller(word: string): boolean {
  return fillers.has(word);
}
