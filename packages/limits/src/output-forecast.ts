/** What a call brings back before any has: a short answer. */
const firstGuess = 256;

/** Weight of the newest call; the last twenty or so decide. */
const weight = 0.1;

/** How many targets are remembered; the rest begin anew. */
const most = 1_000;

/** The output that calls of a target bring back lately, in tokens, as a moving average. In this process only. */
export interface OutputForecast {
  expect(target: string): number;
  learn(target: string, outputTokens: number): void;
}

export function createOutputForecast(): OutputForecast {
  const averages = new Map<string, number>();
  return {
    expect: (target) => Math.ceil(averages.get(target) ?? firstGuess),
    learn: (target, outputTokens) => {
      const before = averages.get(target) ?? outputTokens;
      if (averages.size >= most && !averages.has(target)) averages.clear();
      averages.set(target, before + (outputTokens - before) * weight);
    },
  };
}
