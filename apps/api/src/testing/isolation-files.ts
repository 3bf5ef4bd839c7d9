import { expect } from 'vitest';

import type { Answer, Ask } from './isolation-endpoints.ts';

/** What the oracle knows of a file, and of the batch that was made of it. */
export interface KnownFile {
  id: string;
  tenant: string;
  /** Its name and its content, and begins with its tenant's name. */
  canary: string;
  batch?: string;
}

/** Most that the oracle makes for one tenant. */
export const filesOfTenant = 10;

/** As {@link Ask}, with a form as the body. */
export type AskForm = (path: string, form: FormData) => Promise<Answer>;

export async function uploadFile(
  tenant: string,
  canary: string,
  askForm: AskForm,
): Promise<KnownFile> {
  const form = new FormData();
  form.append('purpose', 'batch');
  form.append('file', new Blob([`{"custom_id":"${canary}"}\n`]), canary);
  const reply = await askForm('/v1/files', form);
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: 200 });
  return { id: idIn(reply), tenant, canary };
}

/**
 * One act on a file, or on a batch of it, by the tenant that `ask` speaks for. Another tenant's is answered as one that never
 * was. `false`: it is gone now.
 */
export async function actOnFile(
  file: KnownFile,
  isOwn: boolean,
  { ask, random }: { ask: Ask; random: (below: number) => number },
): Promise<boolean> {
  switch (random(6)) {
    case 0:
      judge(await ask('DELETE', `/v1/files/${file.id}`), file, isOwn);
      return !isOwn;
    case 1:
      await actOnContent(file, isOwn, ask);
      return true;
    case 2:
      await makeBatch(file, isOwn, ask);
      return true;
    case 3:
    case 4:
      await actOnBatch(file, isOwn, { ask, isCancel: random(3) === 0 });
      return true;
    default: {
      const reply = await ask('GET', `/v1/files/${file.id}`);
      judge(reply, file, isOwn);
      if (isOwn) expect(reply.text).toContain(file.canary);
      return true;
    }
  }
}

async function actOnContent(file: KnownFile, isOwn: boolean, ask: Ask): Promise<void> {
  const reply = await ask('GET', `/v1/files/${file.id}/content`);
  judge(reply, file, isOwn);
  if (isOwn) expect(reply.text).toContain(file.canary);
}

async function makeBatch(file: KnownFile, isOwn: boolean, ask: Ask): Promise<void> {
  const reply = await ask('POST', '/v1/batches', {
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { canary: file.canary },
  });
  // Nobody has told the other tenant that there is such a file: it is named as one that is not there.
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: isOwn ? 200 : 400 });
  if (isOwn) file.batch = idIn(reply);
  else expect(reply.text).toContain('there is no file');
}

async function actOnBatch(
  file: KnownFile,
  isOwn: boolean,
  { ask, isCancel }: { ask: Ask; isCancel: boolean },
): Promise<void> {
  if (file.batch === undefined) return;
  const path = `/v1/batches/${file.batch}`;
  // Cancelled twice it is still being cancelled: no worker runs.
  const reply = isCancel ? await ask('POST', `${path}/cancel`) : await ask('GET', path);
  judge(reply, file, isOwn);
  if (isOwn) expect(reply.text).toContain(file.canary);
  const asJob = await ask('GET', `/v1/jobs/${file.batch}`);
  judge(asJob, file, isOwn);
}

function judge(reply: Answer, { id, canary }: KnownFile, isOwn: boolean): void {
  const status = isOwn ? 200 : 404;
  expect({ id, status: reply.status, text: reply.text }).toMatchObject({ status });
  if (!isOwn) expect(reply.text).not.toContain(canary);
}

/** A tenant's lists are exactly its own. */
export async function expectOwnFiles(
  own: readonly KnownFile[],
  batches: readonly string[],
  ask: Ask,
): Promise<void> {
  const idsOf = async (path: string) => {
    // The API's own list.
    const { data } = JSON.parse((await ask('GET', path)).text) as { data: { id: string }[] };
    return data.map(({ id }) => id).toSorted();
  };
  expect(await idsOf('/v1/files')).toEqual(own.map(({ id }) => id).toSorted());
  expect(await idsOf('/v1/batches?limit=100')).toEqual(expect.arrayContaining(batches.toSorted()));
}

function idIn({ text }: Answer): string {
  return (JSON.parse(text) as { id: string }).id;
}
