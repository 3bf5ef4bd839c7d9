/**
 * A duration as OpenAI's headers and messages write it: `20ms`, `1s`, `7.66s`, `6m0s`, `1h2m3s`.
 * Rounded up, so that a client that waits so long has waited enough.
 */
export function formatDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  if (whole < 60_000) return `${whole / 1000}s`;
  const seconds = Math.ceil(whole / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours > 0 ? `${hours}h` : ''}${minutes}m${seconds % 60}s`;
}
