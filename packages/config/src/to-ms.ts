/** Seconds of the file as whole milliseconds. */
export function toMs(seconds: number): number {
  return Math.round(seconds * 1_000);
}
