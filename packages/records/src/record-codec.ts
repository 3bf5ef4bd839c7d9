import type { JobPhase, JobRecord, JobRequest, JobTimes } from '@sluice/contracts';

import { decodeFileBatch, fieldsOfNewFileBatch } from './file-batch-codec.ts';

/**
 * The fields of a record's hash. Whatever may be large has a field of its own, so that who does not need it skips it.
 *
 * | field                   | value                                                    | written by            |
 * |-------------------------|----------------------------------------------------------|-----------------------|
 * | state                   | a JobState                                               | accept, begin, requeue, finish |
 * | request                 | JSON of the JobRequest without its input; never changes  | accept                |
 * | input                   | JSON; may be large                                       | accept                |
 * | tenant                  | tenant id, for scripts                                   | accept                |
 * | webhook                 | `1` when somebody wants to be told of the end            | accept                |
 * | idempotency             | digest of the Idempotency-Key, for erase                 | accept                |
 * | total, ended, failed    | numbers; batches only                                    | accept, finish of a child |
 * | phase, fed, cursor, drained, inProgressAt, finalizingAt, cancellingAt, ending, sums, problems, native | see FileBatchProgress; batches of files only | accept, move-phase, feed-child, book-results, book-native, move-native |
 * | startBy                 | epoch ms; children of a batch only, for finish           | accept                |
 * | times                   | what its time was spent on, see spend-time.lua            | all that change the state |
 * | startedAt, endedAt      | epoch ms                                                 | begin, finish         |
 * | rank                    | the ticket's place in its lane, see packages/queue; 0: none, or has started | accept, release, requeue, begin |
 * | lane, targetIndex       | where the job is now, when it fell back                  | accept, requeue       |
 * | moves, routing          | JSON; as in the request until they change                | requeue               |
 * | interruptions           | number                                                   | begin                 |
 * | calls                   | number; of its calls that are in the ledger              | begin, requeue        |
 * | run                     | the run that has the job or had it last                  | begin                 |
 * | retries                 | number                                                   | retry                 |
 * | earlierTries            | JSON objects with commas between, as attempts            | retry                 |
 * | startByMs, deadlineMs   | epoch ms; in place of the request's                      | retry                 |
 * | attempts                | JSON objects with commas between: an array without its brackets | requeue, finish |
 * | waitingOn               | JSON                                                     | requeue               |
 * | upstream                | JSON                                                     | storeUpstream         |
 * | answer                  | JSON; from a person's answer to the next pause            | resume, pause         |
 * | result                  | JSON; may be large                                       | finish                |
 * | error, usage, cache     | JSON                                                     | finish                |
 * | late:<call>             | `1`; the call was booked after its run had lost the job  | bookCall              |
 * | costUsd, priceVersion   | text                                                     | finish                |
 * | promptCacheSaved        | US dollars                                               | finish                |
 * | saved                   | JSON                                                     | finish                |
 * | deltas                  | token of the run that sends them, its pieces, all, those that are gone; of a job that streams | appendDelta |
 * | droppedEvents           | number; events that the timeline has forgotten            | begin, appendEvent    |
 */
export type RecordFields = Partial<Record<string, string>>;

/** Makes of a field's text what is stored, or the other way round; what is sealed at rest goes through it. */
export type FieldText = (text: string, field: 'input' | 'result' | 'webhook' | 'delta') => string;

const asItIs: FieldText = (text) => text;

/** A record without what may be large. */
export type JobSummary = Omit<JobRecord, 'input' | 'result'>;

/** The fields of a {@link JobSummary}, for HMGET. */
export const summaryFields = [
  'state',
  'request',
  'total',
  'ended',
  'failed',
  'startedAt',
  'endedAt',
  'lane',
  'targetIndex',
  'moves',
  'routing',
  'interruptions',
  'calls',
  'run',
  'retries',
  'earlierTries',
  'startByMs',
  'deadlineMs',
  'attempts',
  'waitingOn',
  'upstream',
  'answer',
  'error',
  'usage',
  'cache',
  'costUsd',
  'priceVersion',
  'saved',
  'promptCacheSaved',
  'times',
  'phase',
  'fed',
  'cursor',
  'drained',
  'inProgressAt',
  'finalizingAt',
  'cancellingAt',
  'ending',
  'sums',
  'problems',
  'native',
] as const;

/** Field and value pairs of a new record, the input first; `state` is the script's to set. */
export function encodeRequest(request: JobRequest, seal: FieldText = asItIs): string[] {
  const { input, ...rest } = request;
  const webhook = rest.webhook && withSecret(rest.webhook, seal);
  const pairs = [
    'input',
    seal(JSON.stringify(input), 'input'),
    'request',
    JSON.stringify({ ...rest, ...(webhook && { webhook }) }),
    'tenant',
    request.tenantId,
    'times',
    `${request.runAtMs === undefined ? 'queued' : 'scheduled'} ${request.createdAtMs}`,
  ];
  if (request.targetIndex) pairs.push('targetIndex', String(request.targetIndex));
  if (request.webhook) pairs.push('webhook', '1');
  if (request.batch) pairs.push('startBy', String(request.startByMs));
  if ('requests' in input)
    pairs.push('total', String(input.requests.length), 'ended', '0', 'failed', '0');
  if ('input_file_id' in input) pairs.push(...fieldsOfNewFileBatch);
  return pairs;
}

/** The whole record; `undefined` when the hash is not there. */
export function decodeRecord(
  fields: RecordFields,
  open: FieldText = asItIs,
): JobRecord | undefined {
  const summary = decodeSummary(fields, open);
  if (!summary || fields['input'] === undefined) return undefined;
  const record = summary as JobRecord;
  // What encodeRequest wrote of a validated request, and finishJob of a result.
  record.input = JSON.parse(open(fields['input'], 'input')) as JobRecord['input'];
  if (fields['result'] !== undefined) {
    record.result = JSON.parse(open(fields['result'], 'result')) as NonNullable<
      JobRecord['result']
    >;
  }
  return record;
}

/** The record without input; with the result where the field was read. `undefined` when the hash is not there. */
export function decodeSummary(
  fields: RecordFields,
  open: FieldText = asItIs,
): JobSummary | undefined {
  if (fields['state'] === undefined || fields['request'] === undefined) return undefined;
  // What encodeRequest wrote of a validated request, and what the scripts added to it. One object is made and filled: each
  // copy of it would cost a job of a worker as much as parsing it does.
  const summary = JSON.parse(fields['request']) as JobSummary;
  // A retry begins at the first target: what was passed by at accept counts no more.
  if (summary.moves && fields['targetIndex'] === undefined) delete summary.moves;
  if (summary.webhook) summary.webhook = withSecret(summary.webhook, open);
  if (fields['lane'] !== undefined) summary.lane = fields['lane'];
  summary.state = fields['state'] as JobRecord['state'];
  summary.attempts = listOf(fields['attempts']) as JobRecord['attempts'];
  summary.targetIndex = Number(fields['targetIndex'] ?? 0);
  summary.interruptions = Number(fields['interruptions'] ?? 0);
  summary.calls = Number(fields['calls'] ?? 0);
  summary.retries = Number(fields['retries'] ?? 0);
  if (fields['run']) summary.run = fields['run'];
  if (fields['startedAt'] !== undefined) summary.startedAtMs = Number(fields['startedAt']);
  if (fields['endedAt'] !== undefined) summary.endedAtMs = Number(fields['endedAt']);
  if (fields['times'] !== undefined) summary.times = decodeTimes(fields['times']);
  addDocuments(summary, fields);
  addPrices(summary, fields);
  addRetry(summary, fields);
  addProgress(summary, fields);
  return summary;
}

/** Fields that are JSON and optional, and named as in the record. */
const documentNames = [
  'moves',
  'routing',
  'waitingOn',
  'upstream',
  'answer',
  'error',
  'cache',
  'usage',
  'saved',
] as const;

function addDocuments(summary: JobSummary, fields: RecordFields): void {
  // Each was written by this package from a value of that field's type.
  const documents: Partial<Record<string, unknown>> = summary;
  for (const name of documentNames) {
    const text = fields[name];
    if (text !== undefined) documents[name] = JSON.parse(text);
  }
}

function addPrices(summary: JobSummary, fields: RecordFields): void {
  const { costUsd, priceVersion, promptCacheSaved } = fields;
  if (costUsd !== undefined) summary.costUsd = costUsd;
  if (priceVersion !== undefined) summary.priceVersion = priceVersion;
  if (promptCacheSaved !== undefined) summary.promptCacheSavedUsd = promptCacheSaved;
}

/** What only a job that was tried again has. */
function addRetry(summary: JobSummary, fields: RecordFields): void {
  if (fields['earlierTries'] === undefined) return;
  // Written by retryJob.
  summary.earlierTries = listOf(fields['earlierTries']) as NonNullable<JobRecord['earlierTries']>;
  summary.startByMs = Number(fields['startByMs']);
  summary.deadlineMs = Number(fields['deadlineMs']);
}

/** What only a batch has. */
function addProgress(summary: JobSummary, fields: RecordFields): void {
  if (fields['phase'] !== undefined) summary.fileBatch = decodeFileBatch(fields);
  if (fields['total'] === undefined) return;
  summary.progress = {
    total: Number(fields['total']),
    ended: Number(fields['ended'] ?? 0),
    failed: Number(fields['failed'] ?? 0),
  };
}

/** JSON objects with commas between. */
function listOf(texts: string | undefined): unknown[] {
  return texts === undefined ? [] : (JSON.parse(`[${texts}]`) as unknown[]);
}

/** `queued 1700000000000 limited 250`: the phase and since when, then what was spent in the phases that are over. */
function decodeTimes(text: string): JobTimes {
  const [phase = '', sinceMs, ...pairs] = text.split(' ');
  const spentMs: JobTimes['spentMs'] = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    // Written by spend-time.lua, which is given names of phases only.
    spentMs[pairs[i] as JobPhase] = Number(pairs[i + 1]);
  }
  return { phase: phase as JobTimes['phase'], sinceMs: Number(sinceMs), spentMs };
}

/** The reply of HGETALL inside a script: field, value, field, value. */
export function fieldsOfPairs(pairs: readonly string[]): RecordFields {
  const fields: RecordFields = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) fields[pairs[i] ?? ''] = pairs[i + 1] ?? '';
  return fields;
}

/** The reply of HMGET for `names`. */
export function fieldsOfValues(
  names: readonly string[],
  values: readonly (string | null)[],
): RecordFields {
  const fields: RecordFields = {};
  names.forEach((name, i) => {
    const value = values[i];
    if (value !== null && value !== undefined) fields[name] = value;
  });
  return fields;
}

function withSecret(
  webhook: NonNullable<JobRequest['webhook']>,
  change: FieldText,
): NonNullable<JobRequest['webhook']> {
  return { ...webhook, secret: change(webhook.secret, 'webhook') };
}
