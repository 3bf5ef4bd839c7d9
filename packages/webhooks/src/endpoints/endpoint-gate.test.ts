import { expect, test } from 'vitest';

import { createEndpointGate, type Entry } from './endpoint-gate.ts';

const leave = (entry: Entry, durationMs: number, healthy: boolean) => {
  if (entry.kind === 'enter') entry.leave(durationMs, healthy);
};

test('one endpoint holds its own slots and nobody else’s', () => {
  const gate = createEndpointGate({ concurrency: 3, requestsPerSecond: 1_000_000 });
  const entries = Array.from({ length: 10 }, () => gate.enter('dead', 1_000));
  expect(entries.filter(({ kind }) => kind === 'enter')).toHaveLength(3);
  expect(gate.enter('other', 1_000).kind).toBe('enter');
  leave(entries[0]!, 10, true);
  expect(gate.enter('dead', 1_001).kind).toBe('enter');
});

test('who has to wait gets a time of its own, and never more than a minute', () => {
  const gate = createEndpointGate({ concurrency: 1, requestsPerSecond: 1_000_000 });
  leave(gate.enter('slow', 0), 15_000, false);
  gate.enter('slow', 1);
  const waits = Array.from({ length: 100 }, () => gate.enter('slow', 1)).map((entry) =>
    entry.kind === 'wait' ? entry.waitMs : 0,
  );
  expect(waits[0]).toBeGreaterThan(1_000);
  expect(waits[1]).toBeGreaterThan(waits[0]!);
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  expect(new Set(waits).size).toBeGreaterThan(5);
});

test('one that keeps failing is tried one POST at a time until it does well', () => {
  const gate = createEndpointGate({ concurrency: 5, requestsPerSecond: 1_000_000 });
  let now = 0;
  for (let i = 0; i < 3; i += 1) leave(gate.enter('ill', (now += 1)), 5, false);
  const probe = gate.enter('ill', (now += 1));
  expect(probe.kind).toBe('enter');
  expect(gate.enter('ill', (now += 1)).kind).toBe('wait');
  leave(probe, 5, true);
  const entries = Array.from({ length: 6 }, () => gate.enter('ill', (now += 1)));
  expect(entries.filter(({ kind }) => kind === 'enter')).toHaveLength(5);
});

test('no more POSTs a second than it may have, after a second’s worth at once', () => {
  const gate = createEndpointGate({ concurrency: 1_000, requestsPerSecond: 10 });
  let entered = 0;
  for (let now = 5_000; now < 8_000; now += 1) {
    const entry = gate.enter('fast', now);
    if (entry.kind === 'enter') entered += 1;
    leave(entry, 1, true);
  }
  expect(entered).toBeGreaterThanOrEqual(39);
  expect(entered).toBeLessThanOrEqual(42);
});
