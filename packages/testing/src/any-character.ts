import fc from 'fast-check';

const firstSurrogate = 0xd800;
const surrogates = 0x800;
const last = 0x10ffff;

/**
 * Any character of Unicode, as a unit of `fc.string` or `fc.jsonValue`. Fast-check's own `binary` makes a table of a million of them
 * before the first, which takes a second and all of the heap that it takes.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(last - surrogates)
  .map(
    (index) => String.fromCodePoint(index < firstSurrogate ? index : index + surrogates),
    indexOf,
  );

/** Inverse: lets strings that are known for trouble be made of these characters too. */
function indexOf(character: unknown): number {
  const code = typeof character === 'string' ? character.codePointAt(0) : undefined;
  if (code === undefined || String.fromCodePoint(code) !== character) {
    throw new Error('not one character');
  }
  return code < firstSurrogate ? code : code - surrogates;
}
