import type { Judge } from '../http/upstream-error.ts';

/** What differs between servers that speak OpenAI's API. */
export interface Dialect {
  /** Appended to the base URL. */
  path: string;
  query?: Record<string, string>;
  /** The authorization. */
  headers: Record<string, string>;
  judge?: Judge;
}
