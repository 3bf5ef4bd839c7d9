import type { PreparedCall } from './dialect.ts';

/** A call that costs nothing and is answered at once with JSON. */
export function serve(status: number, body: object): PreparedCall {
  return {
    answer: async (exchange) => {
      await exchange.reply({ status, body: JSON.stringify(body) });
      exchange.settleByEnding();
    },
  };
}
