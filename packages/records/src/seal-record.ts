import {
  SluiceError,
  type JobRequest,
  type TextDelta,
  type TimelineEvent,
} from '@sluice/contracts';
import { isSealed, type Seal, type Seals } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import {
  decodeRecord,
  decodeSummary,
  encodeRequest,
  type FieldText,
  type JobSummary,
  type RecordFields,
} from './record-codec.ts';

/*
 * With encryption at rest a record's input, its result, the pieces of its answer and the secret of its webhook are sealed, each bound to the job and
 * to its field. The rest of a record is in clear: scripts and lists work with it. A record of an erased tenant is as good as
 * gone: whoever reads it is told that it is not there.
 */

/** Field and value pairs of a new record. @throws SluiceError `not_found` when the tenant was erased meanwhile. */
export async function sealRequest(context: RecordsContext, request: JobRequest): Promise<string[]> {
  if (!context.seals) return encodeRequest(request);
  const seal = await context.seals.of(request.tenantId);
  if (!seal) throw new SluiceError('not_found', `the tenant "${request.tenantId}" was deleted`);
  return encodeRequest(request, (text, field) => seal.seal(text, `${request.jobId}/${field}`));
}

/** The result as it is stored; `undefined` when there is nobody left who could read it. */
export async function sealResult(
  { redis, seals, keys }: RecordsContext,
  jobId: string,
  json: string,
): Promise<string | undefined> {
  if (!seals) return json;
  const tenantId = await redis.hget(keys.ofJob(jobId)?.job ?? '', 'tenant');
  const seal = tenantId === null ? undefined : await seals.of(tenantId);
  return seal?.seal(json, `${jobId}/result`);
}

/** The whole record; `undefined` when it is not there, or its tenant was erased. */
export async function openRecord(
  context: RecordsContext,
  jobId: string,
  fields: RecordFields,
): Promise<ReturnType<typeof decodeRecord>> {
  if (newestSealed(fields) === undefined) return decodeRecord(fields);
  const open = await openerOf(context, jobId, fields);
  return open && decodeRecord(fields, open);
}

/** The same without the input, and with the result where its field was read. */
export async function openSummary(
  context: RecordsContext,
  jobId: string,
  fields: RecordFields,
): Promise<{ summary: JobSummary; open: FieldText } | undefined> {
  const open = await openerOf(context, jobId, fields);
  const summary = open && decodeSummary(fields, open);
  return summary && { summary, open };
}

/** How the pieces of the job's answer are stored; `undefined` when there is nobody left who could read them. */
export async function sealerOfDeltas(
  seals: Seals,
  tenantId: string,
  jobId: string,
): Promise<((delta: TextDelta) => string) | undefined> {
  const seal = await seals.of(tenantId);
  return seal && ((delta) => seal.seal(JSON.stringify(delta), `${jobId}/delta`));
}

/** Events whose pieces of the answer can be read; `undefined` where the tenant was erased. */
export async function openDeltas(
  context: RecordsContext,
  jobId: string,
  { request, events }: { request: string; events: TimelineEvent[] },
): Promise<TimelineEvent[] | undefined> {
  const newest = events.findLast(({ data }) => isSealed(sealedIn(data)));
  if (!newest) return events;
  const sealed = sealedIn(newest.data);
  const open = await openerOf(context, jobId, { request, ...(sealed && { result: sealed }) });
  if (!open) return undefined;
  return events.map((event) => {
    const text = sealedIn(event.data);
    if (text === undefined) return event;
    return { ...event, data: { ...event.data, delta: JSON.parse(open(text, 'delta')) as unknown } };
  });
}

/** The text of a delta that was sealed: any other is an object. */
function sealedIn(data: TimelineEvent['data']): string | undefined {
  const { delta } = data ?? {};
  return typeof delta === 'string' ? delta : undefined;
}

/** `undefined` where the tenant was erased. */
async function openerOf(
  { seals }: RecordsContext,
  jobId: string,
  fields: RecordFields,
): Promise<FieldText | undefined> {
  const sealed = newestSealed(fields);
  if (sealed === undefined) return (text) => text;
  if (!seals) {
    const message = `job ${jobId} was stored encrypted, and no master key is configured`;
    throw new SluiceError('internal_error', message);
  }
  // Written by encodeRequest.
  const { tenantId } = JSON.parse(fields['request'] ?? '{}') as Pick<JobRequest, 'tenantId'>;
  const seal: Seal | undefined = await seals.of(tenantId, sealed);
  return seal && ((text, field) => seal.open(text, `${jobId}/${field}`));
}

/** What was sealed last: who has its key has those of what was sealed before. */
function newestSealed({ input, result, request }: RecordFields): string | undefined {
  if (isSealed(result)) return result;
  if (isSealed(input)) return input;
  const secret = /"secret":"(~s1~[^"]+)"/.exec(request ?? '')?.[1];
  return isSealed(secret) ? secret : undefined;
}
