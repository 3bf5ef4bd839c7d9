import { randomBytes } from 'node:crypto';

import { openWith, sealWith } from '@sluice/runtime';

import { median } from './statistics.ts';

/*
 * What encryption at rest costs: `node test/bench/seal-cost.ts`. Microseconds of processor time to seal and to open one
 * text, the median of rounds, and how much longer it is stored.
 */
const key = { id: 'bench', bytes: randomBytes(32) };
const rounds = 9;

for (const [size, times] of [
  [1_000, 20_000],
  [10_000, 5_000],
  [100_000, 500],
] as const) {
  const text = randomBytes(size / 2).toString('hex');
  const sealed = sealWith(key, text, 'acme/job/input');
  const seal = measure(times, () => sealWith(key, text, 'acme/job/input'));
  const open = measure(times, () => openWith(key.bytes, sealed, 'acme/job/input'));
  const longer = (sealed.length / text.length).toFixed(2);
  process.stdout.write(
    `${size} bytes: seal ${seal.toFixed(1)} us, open ${open.toFixed(1)} us, stored ${longer} times as long\n`,
  );
}

function measure(times: number, act: () => unknown): number {
  const perCall = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i += 1) act();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  });
  return median(perCall);
}
