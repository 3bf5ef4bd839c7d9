import type { PreparedCall } from './dialect.ts';

/** A call that costs nothing and is answered at once with JSON. */
export function serve(status: number, body: object): PreparedCall {
  return answerWith(status, JSON.stringify(body));
}

/** The same, answered with 204 and no body. */
export function serveNothing(): PreparedCall {
  return answerWith(204, '');
}

function answerWith(status: number, body: string): PreparedCall {
  return {
    answer: async (exchange) => {
      await exchange.reply({ status, body });
      exchange.settleByEnding();
    },
  };
}
