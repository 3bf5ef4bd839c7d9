/** The one rule by which the simulator counts tokens: four UTF-16 units are a token, rounded up. */
export function countTokens(characters: number): number {
  return Math.ceil(characters / 4);
}

/**
 * Cuts a text for streaming: into `pieces` parts of about the same length (fewer when it has fewer
 * characters), or after every word. Never inside a character.
 */
export function splitText(text: string, pieces: number | undefined): string[] {
  if (pieces === undefined) return text.match(/\s*\S+|\s+$/gu) ?? [];
  const characters = Array.from(text);
  const count = Math.min(pieces, characters.length);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * characters.length) / count);
    const end = Math.floor(((index + 1) * characters.length) / count);
    return characters.slice(start, end).join('');
  });
}
