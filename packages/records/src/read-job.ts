import type { JobRecord } from '@sluice/contracts';

import type { RecordsContext } from './context.ts';
import {
  fieldsOfValues,
  summaryFields,
  type JobSummary,
  type RecordFields,
} from './record-codec.ts';
import { openRecord, openSummary } from './seal-record.ts';

/** A record without its input: what a client that asks for its job needs. */
export type JobWithoutInput = Omit<JobRecord, 'input'>;

const withoutInputFields = [...summaryFields, 'result'];

/** The whole record; `undefined` when it is gone or never was. */
export async function readJob(
  context: RecordsContext,
  jobId: string,
): Promise<JobRecord | undefined> {
  const keys = context.keys.ofJob(jobId);
  return keys && openRecord(context, jobId, await context.redis.hgetall(keys.job));
}

/** The record with its result, without its input. */
export async function readWithoutInput(
  context: RecordsContext,
  jobId: string,
): Promise<JobWithoutInput | undefined> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return undefined;
  const values = await context.redis.hmget(keys.job, ...withoutInputFields);
  return await withoutInput(context, jobId, fieldsOfValues(withoutInputFields, values));
}

/** The same of fields that are there. */
export async function withoutInput(
  context: RecordsContext,
  jobId: string,
  fields: RecordFields,
): Promise<JobWithoutInput | undefined> {
  const opened = await openSummary(context, jobId, fields);
  if (!opened) return undefined;
  const { summary, open } = opened;
  if (fields['result'] === undefined) return summary;
  // Written by finishJob from a JobResult.
  const result = JSON.parse(open(fields['result'], 'result')) as NonNullable<JobRecord['result']>;
  return { ...summary, result };
}

/** Whole records in the order of the ids; those that are gone are left out. */
export async function readMany(
  context: RecordsContext,
  jobIds: readonly string[],
): Promise<JobRecord[]> {
  const records = await Promise.all(jobIds.map((jobId) => readJob(context, jobId)));
  return records.filter((record) => record !== undefined);
}

/** Records without what may be large, in the order of the ids; `undefined` in the place of one that is gone. */
export async function readSummaries(
  context: RecordsContext,
  jobIds: readonly string[],
): Promise<(JobSummary | undefined)[]> {
  return Promise.all(
    jobIds.map(async (jobId) => {
      const keys = context.keys.ofJob(jobId);
      if (!keys) return undefined;
      const values = await context.redis.hmget(keys.job, ...summaryFields);
      return (await openSummary(context, jobId, fieldsOfValues(summaryFields, values)))?.summary;
    }),
  );
}
