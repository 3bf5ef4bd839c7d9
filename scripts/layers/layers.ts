/** One folder of the repository and what its code may import from the workspace. */
export interface Layer {
  /** Path from the root, without a slash at the end. */
  readonly folder: string;
  /** Names after `@sluice/` that code of this folder may import; tests may also import `testing`. */
  readonly mayImport: readonly string[];
}

/** A library that only some folders may use. */
export interface RestrictedLibrary {
  readonly name: string;
  /** Folders where any import is fine. */
  readonly allowedIn: readonly string[];
  /** `import type` is fine everywhere: it leaves no trace at run time. */
  readonly typesAllowedEverywhere: boolean;
  /** What to do instead. */
  readonly advice: string;
}

const base = ['contracts', 'runtime', 'config'];
const steps = [
  'tenants',
  'records',
  'queue',
  'limits',
  'routing',
  'providers',
  'cache',
  'metering',
  'webhooks',
  'batches',
  'openai',
  'dify',
];

/** Imports point one way: contracts ← runtime ← config ← the steps (never each other) ← apps. */
export const layers: readonly Layer[] = [
  { folder: 'packages/boot', mayImport: [] },
  { folder: 'packages/contracts', mayImport: [] },
  { folder: 'packages/runtime', mayImport: ['contracts'] },
  { folder: 'packages/config', mayImport: ['contracts', 'runtime'] },
  ...steps.map((name) => ({ folder: `packages/${name}`, mayImport: base })),
  { folder: 'packages/client', mayImport: ['contracts'] },
  { folder: 'packages/testing', mayImport: ['contracts', 'runtime'] },
  { folder: 'apps/simulator', mayImport: ['boot', 'contracts', 'runtime'] },
  ...['api', 'worker', 'cli'].map((name) => ({
    folder: `apps/${name}`,
    mayImport: ['boot', ...base, ...steps, 'client'],
  })),
];

/** Everything `packages/contracts` may import from outside: its schemas run in browsers too. */
export const contractsLibraries: readonly string[] = ['zod'];

/** Libraries with one home, so that replacing one touches one folder. */
export const restrictedLibraries: readonly RestrictedLibrary[] = [
  {
    name: 'bullmq',
    allowedIn: ['packages/queue', 'test'],
    typesAllowedEverywhere: false,
    advice: 'use @sluice/queue',
  },
  {
    name: 'express',
    allowedIn: ['apps/api', 'test'],
    typesAllowedEverywhere: false,
    advice: 'routes belong to apps/api',
  },
  {
    name: 'ioredis',
    allowedIn: ['packages/runtime', 'packages/testing', 'test'],
    typesAllowedEverywhere: true,
    advice: 'take a connection made by createRedis of @sluice/runtime, and import its type only',
  },
  {
    name: 'undici',
    allowedIn: [
      'packages/runtime',
      'packages/providers',
      'packages/webhooks',
      'packages/testing',
      'test',
    ],
    typesAllowedEverywhere: false,
    advice: 'calls to the outside belong to packages/providers and packages/webhooks',
  },
];
