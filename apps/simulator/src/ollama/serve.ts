import type { PreparedCall } from '../server/dialect.ts';
import { JSON_TYPE } from './errors.ts';

/** A call that costs nothing and is answered at once. */
export function serve(body: object): PreparedCall {
  const reply = {
    status: 200,
    headers: { 'content-type': JSON_TYPE },
    body: JSON.stringify(body),
  };
  return {
    answer: async (exchange) => {
      await exchange.reply(reply);
      exchange.settleByEnding();
    },
  };
}
