/** Leave to POST to an endpoint now, or the time after which to ask again. */
export type Entry =
  | { kind: 'enter'; leave: (durationMs: number, healthy: boolean) => void }
  | { kind: 'wait'; waitMs: number };

/**
 * How many POSTs one process makes to one endpoint at a time, and how many a second. A receiver that hangs holds its own
 * few slots until their time-outs and nobody else's; one that keeps failing is tried one POST at a time.
 */
export interface EndpointGate {
  enter(endpoint: string, nowMs: number): Entry;
}

export interface GateOptions {
  concurrency: number;
  requestsPerSecond: number;
}

interface Lane {
  running: number;
  nextStartMs: number;
  /** Until when those that were told to wait will keep the endpoint busy. */
  lineEndMs: number;
  averageMs: number;
  failures: number;
}

const longestWaitMs = 60_000;
/** Failures in a row after which an endpoint is tried one POST at a time. */
const unhealthyAfter = 3;
const maxLanes = 10_000;

export function createEndpointGate({ concurrency, requestsPerSecond }: GateOptions): EndpointGate {
  const lanes = new Map<string, Lane>();
  const intervalMs = 1_000 / requestsPerSecond;
  // An endpoint that was left alone may be sent a second's worth at once.
  const burstMs = Math.max(intervalMs, 1_000);
  return {
    enter(endpoint, nowMs) {
      const lane = laneOf(lanes, endpoint, nowMs);
      const slots = lane.failures >= unhealthyAfter ? 1 : concurrency;
      if (lane.running < slots && nowMs >= lane.nextStartMs) {
        lane.running += 1;
        lane.nextStartMs = Math.max(lane.nextStartMs, nowMs - burstMs) + intervalMs;
        return { kind: 'enter', leave: leaver(lane) };
      }
      // Each that waits gets a time of its own, so that a long line is not asked for all at once.
      const turnMs = Math.max(intervalMs, lane.averageMs / slots);
      lane.lineEndMs = Math.max(lane.lineEndMs, nowMs) + turnMs;
      const waitMs = Math.min(lane.lineEndMs - nowMs, longestWaitMs);
      if (lane.lineEndMs - nowMs > longestWaitMs) lane.lineEndMs = nowMs + longestWaitMs / 2;
      return { kind: 'wait', waitMs: Math.ceil(waitMs) };
    },
  };
}

function leaver(lane: Lane): (durationMs: number, healthy: boolean) => void {
  return (durationMs, healthy) => {
    lane.running -= 1;
    lane.averageMs = lane.averageMs * 0.7 + durationMs * 0.3;
    lane.failures = healthy ? 0 : lane.failures + 1;
  };
}

function laneOf(lanes: Map<string, Lane>, endpoint: string, nowMs: number): Lane {
  const known = lanes.get(endpoint);
  if (known) return known;
  if (lanes.size >= maxLanes) {
    for (const [name, { running, lineEndMs }] of lanes) {
      if (running === 0 && lineEndMs < nowMs) lanes.delete(name);
    }
  }
  const lane: Lane = { running: 0, nextStartMs: 0, lineEndMs: 0, averageMs: 100, failures: 0 };
  lanes.set(endpoint, lane);
  return lane;
}
