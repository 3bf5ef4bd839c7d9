/**
 * The id of a batch's child: `<batch id>_<index>`. It says to which batch the child belongs and, because the batch's id
 * names a shard, that both live in the same one. Made again it is the same id, so feeding a batch twice adds nothing.
 */
export function childJobId(batchId: string, index: number): string {
  return `${batchId}_${index}`;
}

/** The batch of a child's id; `undefined` for the id of any other job. */
export function batchIdOf(jobId: string): string | undefined {
  const end = jobId.indexOf('_', jobId.indexOf('_') + 1);
  return end === -1 ? undefined : jobId.slice(0, end);
}
