import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createControlRoutes } from './control/control-routes.ts';
import { CONTROL_PREFIX, handleControl } from './control/handle-control.ts';
import { baseUrl } from './server/base-url.ts';
import { DIALECTS } from './server/dialects.ts';
import { createCallHandler } from './server/handle-call.ts';
import type { CallHandler, Target } from './server/handle-call.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

const DEFAULT_LEDGER_CAPACITY = 200_000;
/** Longer than any client keeps a connection, so that the server never closes one under a request. */
const KEEP_ALIVE_MS = 120_000;

/** Options of a simulator; all have defaults. */
export type SimulatorOptions = {
  /** Calls the ledger retains; counts go on beyond. Default 200,000. */
  ledgerCapacity?: number;
  clock?: Clock;
  /** Told of a failure of the simulator itself; default: it is thrown as an uncaught error. */
  onError?: (error: unknown) => void;
};

/** A running or startable simulator. */
export type Simulator = {
  /** Starts listening (port 0 = any free one) and gives the base URL. */
  listen(port?: number, host?: string): Promise<string>;
  /** Base URL, e.g. `http://127.0.0.1:8081`. Throws before `listen`. */
  readonly url: string;
  /** Limits, behaviour, faults and ledger, for tests in the same process. */
  readonly state: World;
  /** Forgets everything, as `POST /_sim/reset`. */
  reset(): void;
  /** Ends all runs and connections. */
  close(): Promise<void>;
};

/**
 * Fake upstreams over real HTTP: each vendor's dialect spoken exactly, real limits, scripted latency
 * and faults, and a ledger of what was bought. See the README for routes.
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { ledgerCapacity = DEFAULT_LEDGER_CAPACITY, clock = systemClock } = options;
  const onError = options.onError ?? throwUncaught;
  const state = createWorld(clock, ledgerCapacity);
  const { handle, reset } = createRequestHandler(state);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy();
      onError(error);
    });
  });
  let url: string | undefined;
  return {
    state,
    reset,
    get url() {
      if (url === undefined) throw new Error('The simulator does not listen yet.');
      return url;
    },
    listen: async (port = 0, host = '127.0.0.1') => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve());
      });
      // A TCP server that listens has an AddressInfo.
      url = baseUrl(host, (server.address() as AddressInfo).port);
      return url;
    },
    close: async () => {
      reset();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function createRequestHandler(world: World): { handle: RequestHandler; reset: () => void } {
  const dialects = DIALECTS.map((create) => create(world));
  const callHandlers: [prefix: string, handle: CallHandler][] = dialects.map((dialect) => [
    `${dialect.prefix}/`,
    createCallHandler(world, dialect),
  ]);
  const reset = (): void => {
    for (const dialect of dialects) dialect.reset();
    world.limits.reset();
    world.behaviour.reset();
    world.faults.clear();
    world.ledger.clear();
    world.prefixes.clear();
  };
  const routes = createControlRoutes(world, reset);
  const handle: RequestHandler = async (request, response) => {
    const target = splitTarget(request.url ?? '/');
    for (const [prefix, handleCall] of callHandlers) {
      if (target.path.startsWith(prefix)) return handleCall(request, response, target);
    }
    if (target.path.startsWith(`${CONTROL_PREFIX}/`)) {
      return handleControl(request, response, { target, routes });
    }
    answerPlainly(
      response,
      target.path,
      dialects.map(({ prefix }) => prefix),
    );
  };
  return { handle, reset };
}

const NO_QUERY = new URLSearchParams();

function splitTarget(url: string): Target {
  const mark = url.indexOf('?');
  if (mark === -1) return { path: url, query: NO_QUERY };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

function answerPlainly(response: ServerResponse, path: string, prefixes: string[]): void {
  const found = path === '/healthz';
  const body = found
    ? { status: 'ok' }
    : { error: `No route ${path}; there are /healthz, ${prefixes.join(', ')}, ${CONTROL_PREFIX}` };
  response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
