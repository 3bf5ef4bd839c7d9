import { once } from 'node:events';
import { createServer } from 'node:net';

const lowestPort = 10_000;
const ports = 20_000;
/** From here on Linux gives ports to whoever asks for any. */
const firstGiven = 32_768;
/** How far apart two processes begin that were started one after the other. */
const stride = 197;

let next = (process.pid * stride) % ports;

/**
 * A port of 127.0.0.1 that stays free until whoever asked listens on it: the system gives it to no other test's server or
 * connection meanwhile, as it may with one that it has given out itself. With `above` the same is true of a second port, so
 * far above the first.
 */
export async function findTestPort({ above = 0 } = {}): Promise<number> {
  const range = Math.min(ports, firstGiven - lowestPort - above);
  for (let tries = 0; tries < range; tries += 1) {
    next = (next + 1) % ports;
    const port = lowestPort + (next % range);
    if ((await isFree(port)) && (above === 0 || (await isFree(port + above)))) return port;
  }
  throw new Error(`no port from ${lowestPort} to ${lowestPort + range - 1} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
