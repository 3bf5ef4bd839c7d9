import { batchIdOf } from '@sluice/contracts';
import { shardTag } from '@sluice/runtime';

import { shardOf } from './job-id.ts';

/**
 * Every key of this package. `<tag>` is `{<root>:<shard>}`; the shard is the job's, so all keys that one script touches
 * are in one hash slot. BullMQ's keys of the same shard go on with `:` after the tag, ours with `/`: no name of a lane
 * can meet them.
 *
 * | key                           | type   | what                                               | goes away                 |
 * |-------------------------------|--------|----------------------------------------------------|---------------------------|
 * | <tag>/job:<job id>            | hash   | the record; fields: see record-codec.ts            | live: the sweeper ends it |
 * |                               |        |                                                    | ended: TTL = retention    |
 * | <tag>/timeline:<job id>       | list   | JSON {type, at (ms), data}, at most about 1,000    | with the record, same TTL |
 * | <tag>/deltas:<job id>         | list   | `<number of a timeline event> <JSON>`; see deltas.ts | live: finish-job.lua      |
 * |                               |        |                                                    | ended: TTL of 15 min      |
 * | <tag>/live                    | zset   | job id -> next check (ms); every job not ended     | finish removes the member |
 * | <tag>/retained                | zset   | `<job id> <tenant id>` -> end of retention (ms)    | owner: trimIndexes        |
 * | <tag>/tenant:<tenant id>      | zset   | job ids, score 0: the order is that of the ids     | owner: trimIndexes, erase |
 * | <tag>/batch:<batch id>        | zset   | child's job id -> index in the batch               | with the batch's record   |
 * | <tag>/ended:<batch id>        | list   | ids of children of a file's batch that have ended and are in no file | TTL, as a child's; emptied by bookResults |
 * | <tag>/done:<batch id>         | bits   | lines of a file's batch that were answered at a vendor and are in a file | TTL, see native-batches.ts |
 * | <tag>/batches:<tenant id>     | zset   | ids of the tenant's batches of files, score 0      | owner: trimIndexes, erase |
 * | <tag>/idempotency:<sha256>    | hash   | fingerprint (of the body), job (its id)            | TTL, or erase of the job  |
 * | <tag>/answering:<sha256>      | hash   | fingerprint, claimant: who answers a call with an Idempotency-Key | TTL: a lease    |
 * | <tag>/session:<sha256>        | text   | id of the session's conversation upstream          | TTL, forgetSession        |
 * | <tag>/conversation:<sha256>   | text   | key of the session that goes on with that conversation | TTL, forgetConversation |
 * | <tag>/history:<sha256>        | list   | `<job id> <tokens> <JSON>`: turns of a chat session | TTL, forgetSession       |
 * | <tag>/sessions:<sha256>       | set    | keys of the three kinds above, of a tenant's session | TTL of the last of them |
 * | <tag>/left:<sha256>           | list   | jobs whose clients have given up waiting           | TTL of a minute           |
 * | <tag>/upstream:<sha256>       | text   | id of the job whose call has that id upstream      | TTL                       |
 * | <tag>/outbox                  | stream | event, job, kind; one consumer group               | owner: ackOutbox deletes  |
 * | <tag>/ledger                  | stream | entry: JSON of a call; or lost, request, target,   | owner: trimLedger         |
 * |                               |        | call, at: of a run whose worker died               |                           |
 * | <tag>/subscribers             | hash   | tenant id -> generation: tenants that want to know | owner: removeSubscriber   |
 * | <tag>/loads                   | hash   | what each tenant has and may have: count-load.lua  | fields go with what they  |
 * |                               |        |                                                    | count; caps: the operator |
 * | <tag>/changes:<job id>        | channel| empty for each event, the terminal state at the end | not a key                |
 *
 * A batch's child keeps its record for the retention and for as long as its siblings may still wait, because the batch
 * is put together from it; when the batch ends, what its ended children have left is cut to the retention.
 */
export interface RecordKeys {
  /** `undefined` for a text that is not the id of a job on these shards. */
  ofJob(jobId: string): JobKeys | undefined;
  tenant(shard: number, tenantId: string): string;
  batches(shard: number, tenantId: string): string;
  /** `digest` as `idempotencyDigest` makes it. */
  idempotency(shard: number, digest: string): string;
  /** `digest` as `idempotencyDigest` makes it. */
  answering(shard: number, digest: string): string;
  /** `digest` as `sessions.ts` makes it. */
  session(shard: number, digest: string): string;
  /** `digest` as `sessions.ts` makes it. */
  conversation(shard: number, digest: string): string;
  /** `digest` as `histories.ts` makes it. */
  history(shard: number, digest: string): string;
  /** `digest` as `forget-session.ts` makes it; what it lists is on the same shard. */
  sessions(shard: number, digest: string): string;
  /** `digest` as `left-calls.ts` makes it. */
  leftCalls(shard: number, digest: string): string;
  /** `digest` as `store-upstream.ts` makes it. */
  upstream(shard: number, digest: string): string;
  live(shard: number): string;
  retained(shard: number): string;
  outbox(shard: number): string;
  subscribers(shard: number): string;
  ledger(shard: number): string;
  loads(shard: number): string;
}

export interface JobKeys {
  shard: number;
  job: string;
  timeline: string;
  deltas: string;
  live: string;
  retained: string;
  outbox: string;
  subscribers: string;
  ledger: string;
  loads: string;
  /** Index of the job's own children. */
  children: string;
  /** Of a batch of a file: its children that have ended and are in no file. */
  ended: string;
  /** The same of one that vendors run: a bit for each line whose result is in a file. */
  done: string;
  channel: string;
  /** Only of a batch's child: the batch it belongs to. */
  parent?: { batchId: string; job: string; children: string; ended: string };
}

export function createKeys(root: string, shards: number): RecordKeys {
  const tags = Array.from({ length: shards }, (_, shard) => shardTag(root, shard));
  const tag = (shard: number) => tags[shard] ?? shardTag(root, shard);
  const shared = tags.map(sharedKeys);
  return {
    ofJob(jobId) {
      const shard = shardOf(jobId);
      const ofShard = shard === undefined ? undefined : shared[shard];
      return ofShard && jobKeys(ofShard, jobId);
    },
    tenant: (shard, tenantId) => `${tag(shard)}/tenant:${tenantId}`,
    batches: (shard, tenantId) => `${tag(shard)}/batches:${tenantId}`,
    idempotency: (shard, digest) => `${tag(shard)}/idempotency:${digest}`,
    answering: (shard, digest) => `${tag(shard)}/answering:${digest}`,
    session: (shard, digest) => `${tag(shard)}/session:${digest}`,
    conversation: (shard, digest) => `${tag(shard)}/conversation:${digest}`,
    history: (shard, digest) => `${tag(shard)}/history:${digest}`,
    sessions: (shard, digest) => `${tag(shard)}/sessions:${digest}`,
    leftCalls: (shard, digest) => `${tag(shard)}/left:${digest}`,
    upstream: (shard, digest) => `${tag(shard)}/upstream:${digest}`,
    live: (shard) => `${tag(shard)}/live`,
    retained: (shard) => `${tag(shard)}/retained`,
    outbox: (shard) => `${tag(shard)}/outbox`,
    subscribers: (shard) => `${tag(shard)}/subscribers`,
    ledger: (shard) => `${tag(shard)}/ledger`,
    loads: (shard) => `${tag(shard)}/loads`,
  };
}

/** What the jobs of a shard share, put together once: equal keys of many calls are then the same text. */
function sharedKeys(tag: string, shard: number) {
  return {
    tag,
    shard,
    live: `${tag}/live`,
    retained: `${tag}/retained`,
    outbox: `${tag}/outbox`,
    subscribers: `${tag}/subscribers`,
    ledger: `${tag}/ledger`,
    loads: `${tag}/loads`,
  };
}

function jobKeys(shared: ReturnType<typeof sharedKeys>, jobId: string): JobKeys {
  const { tag, shard, live, retained, outbox, subscribers, ledger, loads } = shared;
  const batchId = batchIdOf(jobId);
  return {
    shard,
    live,
    retained,
    outbox,
    subscribers,
    ledger,
    loads,
    job: `${tag}/job:${jobId}`,
    timeline: `${tag}/timeline:${jobId}`,
    deltas: `${tag}/deltas:${jobId}`,
    children: `${tag}/batch:${jobId}`,
    ended: `${tag}/ended:${jobId}`,
    done: `${tag}/done:${jobId}`,
    channel: `${tag}/changes:${jobId}`,
    ...(batchId !== undefined && {
      parent: {
        batchId,
        job: `${tag}/job:${batchId}`,
        children: `${tag}/batch:${batchId}`,
        ended: `${tag}/ended:${batchId}`,
      },
    }),
  };
}
