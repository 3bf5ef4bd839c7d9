import { defineConfig } from 'vitest/config';

/**
 * Two projects share one private Redis, started once a run by the global setup.
 * Unit tests run in parallel, each under its own key prefix. Tests that cross packages start whole
 * processes and would fight for two cores, so their files run one after the other.
 */
export default defineConfig({
  test: {
    globals: false,
    retry: 0,
    globalSetup: ['./packages/testing/src/global-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{apps,packages}/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/{integration,e2e,chaos,fuzz}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
