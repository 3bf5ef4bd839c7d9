import type {
  BatchPhase,
  BatchSums,
  FileBatchProgress,
  LineProblem,
  NativePart,
} from '@sluice/contracts';

const noSums: BatchSums = {
  usage: { total_tokens: 0, source: 'provider' },
  costUsd: '0',
  latencyMs: 0,
  outputLines: 0,
  errorLines: 0,
  writtenAtMs: 0,
};

/** Field and value pairs that the record of a batch of a file begins with; how many lines it has is not known yet. */
export const fieldsOfNewFileBatch: readonly string[] = Object.entries({
  total: '0',
  ended: '0',
  failed: '0',
  phase: 'validating' satisfies BatchPhase,
  fed: '0',
  cursor: '0',
  drained: '0',
  sums: JSON.stringify(noSums),
}).flat();

/** What the scripts have made of them. */
export function decodeFileBatch(fields: Partial<Record<string, string>>): FileBatchProgress {
  const times = ['inProgressAt', 'finalizingAt', 'cancellingAt'] as const;
  const known = times.filter((name) => fields[name] !== undefined);
  const { ending, problems, native } = fields;
  return {
    // Written by move-phase.lua, by names of phases only.
    phase: fields['phase'] as BatchPhase,
    fed: Number(fields['fed']),
    cursor: Number(fields['cursor']),
    drained: Number(fields['drained']),
    ...Object.fromEntries(known.map((name) => [`${name}Ms`, Number(fields[name])])),
    ...(ending !== undefined && { ending: ending as NonNullable<FileBatchProgress['ending']> }),
    // Written by bookResults and movePhase.
    sums: JSON.parse(fields['sums'] ?? '{}') as BatchSums,
    ...(native !== undefined && { native: JSON.parse(native) as NativePart[] }),
    ...(problems !== undefined && { problems: JSON.parse(problems) as LineProblem[] }),
  };
}
