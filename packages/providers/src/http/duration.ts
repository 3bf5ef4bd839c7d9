const unitMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Numbers above are moments: seconds since the epoch, then milliseconds since the epoch. */
const epochSecondsFrom = 1e9;
const epochMsFrom = 1e12;

/** `1m30s`, `7.66s`, `20ms` in milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const compact = text.trim().toLowerCase();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(compact)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of compact.matchAll(/(?<!\d)(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sumMs += Number(amount) * (unitMs[unit ?? 's'] ?? 0);
  }
  return sumMs;
}

/**
 * The value of an `x-ratelimit-reset-*` header as milliseconds from now: a duration (OpenAI, Groq), whole seconds (Azure),
 * or a moment in seconds or milliseconds since the epoch or in RFC 3339 (OpenRouter, Anthropic).
 */
export function parseResetMs(text: string, nowMs: number): number | undefined {
  const value = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(value)) {
    const number = Number(value);
    if (number > epochMsFrom) return number - nowMs;
    if (number > epochSecondsFrom) return number * 1_000 - nowMs;
    return number * 1_000;
  }
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return Date.parse(value) - nowMs;
  return parseDurationMs(value);
}
