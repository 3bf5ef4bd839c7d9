/** Two characters of five bits each name a shard. */
export const maxShards = 1024;

// The alphabet of newId: Crockford's base 32 in lower case.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** The two characters at the end of an id that name its shard, from 0. */
export function shardSuffix(shard: number): string {
  return `${alphabet.charAt(shard >> 5)}${alphabet.charAt(shard & 31)}`;
}

/** The shard that two characters of an id name. */
export function shardOfSuffix(characters: string): number {
  return alphabet.indexOf(characters.charAt(0)) * 32 + alphabet.indexOf(characters.charAt(1));
}
