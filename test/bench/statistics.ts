/** The value below which the part `share` (0 to 1) of the values lies: nearest rank. NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Measures `a` and `b` in turn, `rounds` times: A B, B A, A B, … Whatever else the machine does hits both alike, and
 * neither is always the one that comes first.
 */
export async function inTurn<Value>(
  rounds: number,
  a: () => Promise<Value>,
  b: () => Promise<Value>,
): Promise<{ a: Value[]; b: Value[] }> {
  const values = { a: [] as Value[], b: [] as Value[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
    for (const which of order) {
      // One after the other is the point.
      // oxlint-disable-next-line no-await-in-loop
      values[which].push(await (which === 'a' ? a() : b()));
    }
  }
  return values;
}

/** Median over the rounds of `above / below` of the same round: what slows both cancels out. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}
