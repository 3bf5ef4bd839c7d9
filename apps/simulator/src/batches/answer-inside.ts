import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { OpenEntry } from '../ledger/ledger.ts';
import type { Call, Reply } from '../server/call.ts';
import type { Route } from '../server/dialect.ts';
import { Exchange } from '../server/exchange.ts';
import type { Wire } from '../server/wire.ts';
import type { World } from '../world.ts';

/** What one request of a batch costs, compared with a call of its own. */
const PRICE_FACTOR = 0.5;

/** One request of a batch: where it would have gone by itself, and with what. */
export type InnerRequest = { route: Route; json: unknown; requestId: string };

/**
 * The answer of a route to a request that came inside a batch of `parent`. It is in the ledger as a call of its own, of kind
 * `batch-chat` and so on, at half the price; limits and faults of calls do not hold for it.
 */
export async function answerInside(
  world: World,
  parent: Call,
  { route, json, requestId }: InnerRequest,
): Promise<Reply> {
  const arrivedAt = world.clock.now();
  const { dialect } = parent.ledger.entry;
  const ledger = world.ledger.open({ arrivedAt, dialect, method: route.method, path: route.path });
  Object.assign(ledger.entry, { kind: `batch-${route.kind}`, key: parent.key });
  const body = Buffer.from(JSON.stringify(json));
  const call = { ...parent, path: route.path, body, json, requestId, arrivedAt };
  const inner = { ...call, ledger: discounted(ledger) };
  const prepared = await route.prepare(inner);
  if ('refusal' in prepared) {
    ledger.entry.status = prepared.refusal.status;
    ledger.settle({ outcome: 'rejected' });
    return prepared.refusal;
  }
  ledger.entry.model = prepared.model ?? null;
  const wire = new KeptWire();
  const { response } = wire;
  const exchange = new Exchange({
    call: inner,
    clock: world.clock,
    response,
    wire,
    headers: () => ({}),
    onSettled: () => {},
  });
  await prepared.answer(exchange);
  return wire.reply;
}

function discounted(ledger: OpenEntry): OpenEntry {
  return new OpenEntry(ledger.entry, ({ outcome, usage }) =>
    ledger.settle({
      outcome,
      ...(usage && { usage: { ...usage, costUsd: usage.costUsd * PRICE_FACTOR } }),
    }),
  );
}

/** Keeps an answer instead of sending it. */
class KeptWire implements Wire {
  readonly damaged = false;
  /** One that leads nowhere. */
  readonly response = new ServerResponse(new IncomingMessage(new Socket()));
  #reply: Reply = { status: 0, body: '' };

  get open(): boolean {
    return !this.response.writableEnded;
  }

  get reply(): Reply {
    return this.#reply;
  }

  head(status: number): void {
    this.#reply.status = status;
  }

  write(piece: string): Promise<void> {
    this.#reply.body += piece;
    return Promise.resolve();
  }

  end(): Promise<void> {
    this.response.end();
    return Promise.resolve();
  }
}
