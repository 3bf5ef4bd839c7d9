import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to a server on this machine that can be hurt. */
export interface TcpProxy {
  readonly port: number;
  /** Resets every connection that there is; new ones work. */
  cut(): void;
  /** Nothing goes through any more on the connections that there are; new ones work: as when a firewall forgot them. */
  strand(): void;
  /** Nothing goes through, in either direction, until `resume`: as a network that has failed without a word. */
  freeze(): void;
  resume(): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
}

/** Starts a proxy on a free port of 127.0.0.1 in front of `targetPort`. Close it when the test ends. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let isFrozen = false;
  const listener = createServer((client) => {
    const pair = { client, server: connect(targetPort, '127.0.0.1') };
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
    if (isFrozen) hold(pair);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  // A TCP server's address is never a path.
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    cut() {
      for (const pair of pairs) reset(pair);
    },
    strand() {
      for (const pair of pairs) hold(pair);
    },
    freeze() {
      isFrozen = true;
      for (const pair of pairs) hold(pair);
    },
    resume() {
      isFrozen = false;
      for (const pair of pairs) release(pair);
    },
    async close() {
      for (const pair of pairs) reset(pair);
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** What one side says the other hears; when one is gone so is the other. */
function join({ client, server }: Pair, onEnd: () => void): void {
  client.setNoDelay(true);
  server.setNoDelay(true);
  client.pipe(server);
  server.pipe(client);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => {
      other.destroy();
      onEnd();
    });
  }
}

function hold({ client, server }: Pair): void {
  client.unpipe(server);
  server.unpipe(client);
  client.pause();
  server.pause();
}

function release({ client, server }: Pair): void {
  client.pipe(server);
  server.pipe(client);
}

function reset({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
