import { resolve } from 'node:path';

import { z } from 'zod';

import type { Config } from './config.ts';
import { count, dayInSeconds, number, seconds } from './section-values.ts';

const s3 = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
  region: z.string().min(1).default('us-east-1'),
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  accessKeyId: z.string().min(1).optional(),
  secretAccessKey: z.string().min(1).optional(),
  pathStyle: z.boolean().optional(),
  prefix: z
    .string()
    .regex(/^([A-Za-z0-9_-]+\/)*$/, 'must be empty, or names that each end with a slash')
    .default(''),
});

/** `files` of the file. Without `s3` files are in a folder, by default `files` of the data folder. */
export const filesSection = z
  .strictObject({
    folder: z.string().min(1).optional(),
    s3: s3.optional(),
    maxFileBytes: count(4 * 1024 ** 3).default(512 * 1024 ** 2),
    maxTenantBytes: count(1e15).optional(),
    retentionSeconds: seconds(3_600, 366 * dayInSeconds).default(30 * dayInSeconds),
  })
  .refine(({ folder, s3: bucket }) => folder === undefined || bucket === undefined, {
    path: ['folder'],
    error: 'folder and s3 exclude each other',
  })
  .refine(
    ({ s3: bucket }) =>
      (bucket?.accessKeyId === undefined) === (bucket?.secretAccessKey === undefined),
    { path: ['s3'], error: 'accessKeyId and secretAccessKey belong together' },
  );

/** `batches` of the file. */
export const batchesSection = z.strictObject({
  maxLines: count(10_000_000).default(200_000),
  maxLineBytes: count(64 * 1024 ** 2).default(4 * 1024 ** 2),
  window: count(100_000).default(1_000),
  pollSeconds: number(z.number().min(0.01).max(3_600)).default(10),
});

/** A relative folder starts at the working directory. */
export function resolveFiles(
  files: z.infer<typeof filesSection>,
  { dataDir, cwd }: { dataDir: string; cwd: string },
): Config['files'] {
  const { folder, s3: bucket, maxFileBytes, maxTenantBytes, retentionSeconds } = files;
  return {
    storage: bucket
      ? storageOf(bucket)
      : { kind: 'disk', folder: folder === undefined ? `${dataDir}/files` : resolve(cwd, folder) },
    maxFileBytes,
    maxTenantBytes,
    retentionMs: retentionSeconds * 1_000,
  };
}

function storageOf(given: z.infer<typeof s3>): Config['files']['storage'] {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey, prefix } = given;
  return {
    kind: 's3',
    bucket,
    region,
    endpoint,
    pathStyle: given.pathStyle ?? endpoint !== undefined,
    prefix,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  };
}

export function resolveBatches({
  pollSeconds,
  ...batches
}: z.infer<typeof batchesSection>): Config['batches'] {
  return { ...batches, pollMs: pollSeconds * 1_000 };
}
