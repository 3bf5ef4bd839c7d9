import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';

import { createApiKeys, createTenants } from '@sluice/tenants';
import { systemClock } from '@sluice/runtime';
import { waitFor } from '@sluice/testing';
import OpenAI, { NotFoundError, toFile } from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi, type TestApi } from '../testing/start-test-api.ts';

function clientOf({ url, config }: TestApi, apiKey = config.adminKey ?? ''): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

function folderOf({ config }: TestApi): string {
  return config.files.storage.kind === 'disk' ? config.files.storage.folder : '';
}

/** The parts of the tenant's files that are on the disk. */
function partsOnDisk(api: TestApi, tenant = 'default'): string[] {
  const folder = `${folderOf(api)}/${tenant}`;
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
}

function form(fields: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value, 'a.jsonl');
  }
  return data;
}

const upload = (api: TestApi, fields: Record<string, string | Blob>) =>
  api.call('/v1/files', { method: 'POST', body: form(fields) });

describe('a file', () => {
  it('comes back byte by byte through the official client, whatever parts it was cut into', async () => {
    const api = await startTestApi();
    const { files } = clientOf(api);
    const bytes = Buffer.alloc(2_500_000, 'x');
    for (let i = 0; i < bytes.length; i += 97) bytes[i] = i % 256;
    const file = await files.create({ file: await toFile(bytes, 'in.bin'), purpose: 'user_data' });
    expect(file).toMatchObject({ object: 'file', bytes: 2_500_000, filename: 'in.bin' });
    expect(file.expires_at).toBeUndefined();
    expect(await files.retrieve(file.id)).toEqual(file);
    const content = await files.content(file.id);
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
    const rest = await api.call(`/v1/files/${file.id}/content`, {
      headers: { range: 'bytes=1048570-1048585' },
    });
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe('bytes 1048570-1048585/2500000');
    const part = Buffer.from(await rest.arrayBuffer());
    expect(part.equals(bytes.subarray(1_048_570, 1_048_586))).toBe(true);
    expect(await files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(files.content(file.id)).rejects.toBeInstanceOf(NotFoundError);
    expect(partsOnDisk(api)).toEqual([]);
  });

  it('of a batch expires after 30 days, or when its owner says', async () => {
    const api = await startTestApi();
    const { files } = clientOf(api);
    const file = await toFile(Buffer.from('{}\n'), 'in.jsonl');
    const usual = await files.create({ file, purpose: 'batch' });
    expect(usual.expires_at).toBe(usual.created_at + api.config.files.retentionMs / 1_000);
    const asked = await files.create({
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 7_200 },
      file,
    });
    expect(asked.expires_at).toBe(asked.created_at + 7_200);
  });

  it('is listed page by page, the newest first or the oldest, by purpose', async () => {
    const api = await startTestApi();
    const { files } = clientOf(api);
    const made: string[] = [];
    for (const purpose of ['batch', 'user_data', 'batch', 'batch'] as const) {
      made.push((await files.create({ file: await toFile(Buffer.from('{}'), 'a'), purpose })).id);
    }
    // Ids of one millisecond are in no order.
    const sorted = made.toSorted();
    const listed: string[] = [];
    for await (const file of files.list({ limit: 2, order: 'asc' })) listed.push(file.id);
    expect(listed).toEqual(sorted);
    const newest = await files.list({ limit: 3 });
    expect(newest.data.map(({ id }) => id)).toEqual(sorted.toReversed().slice(0, 3));
    expect(newest.has_more).toBe(true);
    const batches = await files.list({ purpose: 'batch' });
    expect(batches.data.map(({ id }) => id).toSorted()).toEqual(
      made.filter((_, i) => i !== 1).toSorted(),
    );
    expect(batches.has_more).toBe(false);
  });

  it('is nobody else’s: not to read, not to list, not to delete', async () => {
    const api = await startTestApi();
    const deps = { redis: api.redis, root: api.config.root, clock: systemClock };
    await createTenants(deps).create({ id: 'eve' });
    const scopes = ['submit', 'read', 'cancel'] as const;
    const { key } = await createApiKeys(deps).create({ tenant_id: 'eve', scopes: [...scopes] });
    const mine = await clientOf(api).files.create({
      file: await toFile(Buffer.from('secret'), 'a'),
      purpose: 'user_data',
    });
    const { files } = clientOf(api, key);
    await expect(files.retrieve(mine.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(files.content(mine.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(files.delete(mine.id)).rejects.toBeInstanceOf(NotFoundError);
    expect((await files.list()).data).toEqual([]);
    expect((await clientOf(api).files.retrieve(mine.id)).id).toBe(mine.id);
  });

  it('is found by no path: ids are looked up, never joined', async () => {
    const api = await startTestApi();
    for (const id of ['..%2f..%2fetc%2fpasswd', 'file-..', `file-${'0'.repeat(28)}`, '%00']) {
      await expectError(await api.call(`/v1/files/${id}/content`), 404, 'not_found');
    }
  });
});

describe('an upload', () => {
  it('is refused with the name of what is wrong, and leaves nothing', async () => {
    const api = await startTestApi();
    const file = new Blob(['{}\n']);
    const refused = async (fields: Record<string, string | Blob>, param: string) => {
      const error = await expectError(await upload(api, fields), 400, 'invalid_request');
      expect(error.param).toBe(param);
      return error.message;
    };
    expect(await refused({ purpose: 'batch' }, 'file')).toContain('missing');
    expect(await refused({ file }, 'purpose')).toContain('batch');
    expect(await refused({ file, purpose: 'fun' }, 'purpose')).toContain('"fun"');
    expect(await refused({ file, purpose: 'batch', colour: 'red' }, 'colour')).toContain('unknown');
    expect(await refused({ other: file, purpose: 'batch' }, 'other')).toContain('"file"');
    const tooSoon = {
      'expires_after[anchor]': 'created_at',
      'expires_after[seconds]': '60',
    };
    const message = await refused({ file, purpose: 'batch', ...tooSoon }, 'expires_after[seconds]');
    expect(message).toContain('3600');
    const lines = new Blob(['{}\n'.repeat(1_001)]);
    expect(await refused({ file: lines, purpose: 'batch' }, 'file')).toContain('1001 lines');
    const big = new Blob([Buffer.alloc(4 * 1024 ** 2 + 1)]);
    await expectError(await upload(api, { purpose: 'batch', file: big }), 413, 'body_too_large');
    const json = await api.call('/v1/files', { method: 'POST', body: '{}' });
    await expectError(json, 415, 'unsupported_media_type');
    expect(partsOnDisk(api)).toEqual([]);
    expect((await clientOf(api).files.list()).data).toEqual([]);
  });

  it('that breaks off leaves nothing', async () => {
    const api = await startTestApi();
    const { port, hostname } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    const head = [
      'POST /v1/files HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${api.config.adminKey}`,
      'Content-Type: multipart/form-data; boundary=b',
      'Content-Length: 3000000',
    ].join('\r\n');
    const field = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
    socket.write(`${head}\r\n\r\n${field}${'x'.repeat(1_500_000)}`);
    await waitFor(() => partsOnDisk(api).some((name) => name.includes('/')));
    socket.destroy();
    await waitFor(() => partsOnDisk(api).length === 0);
    expect((await clientOf(api).files.list()).data).toEqual([]);
  });

  it.each([
    ['in the file', 'name="file"; filename="a"\r\n\r\nxx'],
    ['in the heads of the file', 'name="file"; filename="a"\r\nContent-Ty'],
    ['in a file of another name', 'name="other"; filename="a"\r\n\r\nxx'],
    [
      'in a second file',
      'name="file"; filename="a"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\nx',
    ],
    ['in a field', 'name="purpose"\r\n\r\nbat'],
  ])('in a form that ends %s is refused, and the API goes on', async (_where, rest) => {
    const api = await startTestApi();
    const reply = await api.call('/v1/files', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `--b\r\nContent-Disposition: form-data; ${rest}`,
    });
    const { message } = await expectError(reply, 400, 'invalid_request');
    expect(message).toMatch(/end/);
    expect(partsOnDisk(api)).toEqual([]);
    expect((await clientOf(api).files.list()).data).toEqual([]);
  });

  it('beyond what the tenant may keep is refused until something is deleted', async () => {
    const api = await startTestApi((config) => ({
      ...config,
      files: { ...config.files, maxTenantBytes: 10 },
    }));
    const { files } = clientOf(api);
    const file = await toFile(Buffer.from('1234567'), 'a');
    const first = await files.create({ file, purpose: 'user_data' });
    const full = { file: new Blob(['1234567']), purpose: 'user_data' };
    const { message } = await expectError(await upload(api, full), 429, 'queue_full');
    expect(message).toContain('may have 10');
    await files.delete(first.id);
    expect((await upload(api, full)).status).toBe(200);
  });
});
