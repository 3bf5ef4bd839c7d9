import { defineConfig } from 'vitest/config';

/**
 * Tests that count what happens in a window of time: another one beside them would take the time that they count, or leave them
 * a heap to collect in it.
 */
const timing = [
  'packages/metering/src/count-on-thread.test.ts',
  'test/chaos/cancel-races.test.ts',
  'test/e2e/grace.test.ts',
  'test/e2e/limits-and-retries.test.ts',
  'test/e2e/outages.test.ts',
];

/**
 * Three projects, one after the other, share one private Redis, started once a run by the global setup. Tests of a package
 * and tests that cross packages run file beside file, each under its own key prefix or with a Redis of its own: more of them
 * than the two cores that a small machine has, because they mostly wait. Many files take longer to load than to run: what they
 * share is loaded once a worker. Tests that measure have the machine to themselves.
 */
export default defineConfig({
  test: {
    globals: false,
    setupFiles: ['./packages/testing/src/keep-compiled.ts'],
    // Node.js runs the sources as they are, as it does where they are used.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    retry: 0,
    // On a busy machine what a test waits for may take seconds; each look at it takes the processor from what it waits for.
    expect: { poll: { timeout: 10_000, interval: 100 } },
    globalSetup: ['./packages/testing/src/global-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{apps,packages}/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: timing,
          isolate: false,
          maxWorkers: 4,
          testTimeout: 15_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/{integration,e2e,chaos,fuzz}/**/*.test.ts'],
          exclude: timing,
          isolate: false,
          maxWorkers: 4,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timing',
          include: timing,
          isolate: false,
          maxWorkers: 1,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
