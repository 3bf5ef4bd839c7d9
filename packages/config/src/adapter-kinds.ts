import type { JobType } from '@sluice/contracts';

/**
 * The kinds of provider and the type of job each one runs, as data, so that a process which only accepts jobs need not
 * load the adapters. The registry in packages/providers has one adapter for each.
 */
export const adapterKinds = {
  'openai-compatible': 'chat',
  dify: 'workflow',
} as const satisfies Record<string, Exclude<JobType, 'batch'>>;

export type AdapterKind = keyof typeof adapterKinds;

export function isAdapterKind(kind: string): kind is AdapterKind {
  return Object.hasOwn(adapterKinds, kind);
}
