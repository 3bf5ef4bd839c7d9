import { setTimeout as sleep } from 'node:timers/promises';

import type { Reply } from '../support/start-stack.ts';

export interface Answered {
  reply: Reply;
  /** It was asked before, in vain. */
  wasAway: boolean;
  askedAtMs: number;
}

/** A busy machine may keep Redis from answering: 503 asks to come back. What was asked may have been done all the same. */
export async function untilAnswered(ask: () => Promise<Reply>): Promise<Answered> {
  for (let wasAway = false; ; wasAway = true) {
    const askedAtMs = Date.now();
    const reply = await ask();
    if (reply.status !== 503) return { reply, wasAway, askedAtMs };
    await sleep(200);
  }
}
