/** How likely one token was, in OpenAI's form. */
export type TokenLogprob = {
  token: string;
  logprob: number;
  bytes: number[];
  top_logprobs: object[];
};

/** Characters of a token, by the rule of `countTokens`. */
const TOKEN_LENGTH = 4;

/** Log probabilities of a text, made up but the same for the same text; `top` likeliest tokens with each. */
export function tokenLogprobs(text: string, top: number): TokenLogprob[] {
  const tokens = text.match(new RegExp(`.{1,${TOKEN_LENGTH}}`, 'gsu')) ?? [];
  return tokens.map((token, index) => {
    const likely = (rank: number) => ({
      token: rank === 0 ? token : `${token}${rank}`,
      logprob: -0.125 * ((index % 4) + 1) - rank,
      bytes: [...Buffer.from(rank === 0 ? token : `${token}${rank}`)],
    });
    return { ...likely(0), top_logprobs: Array.from({ length: top }, (_, rank) => likely(rank)) };
  });
}
