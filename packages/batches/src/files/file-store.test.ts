import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FileStorage } from '@sluice/config';
import { openBytesWith, sealBytesWith, sealWith, openWith, type Seals } from '@sluice/runtime';
import { createFakeClock, startFakeS3, testRedis } from '@sluice/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createBlobStore } from './blob-store.ts';
import { createFileStore, type FileStore } from './file-store.ts';

const ownedKeys = [/\}\/(file:|parts:|files:|file-ends|file-bytes)/];
const tenantId = 'acme';

interface Options {
  storage?: FileStorage;
  seals?: Seals;
  shards?: number;
}

async function start({ storage, seals, shards = 1 }: Options = {}) {
  const { redis, root } = await testRedis({ ownedKeys });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = createFakeClock(1_700_000_000_000);
  const store = createFileStore({
    redis,
    root,
    shards,
    clock,
    seals,
    blobs: createBlobStore(storage ?? { kind: 'disk', folder }),
    maxFileBytes: 10_000_000,
  });
  const stored = async () => {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  };
  return { store, redis, root, clock, stored };
}

async function uploaded(store: FileStore, bytes: Buffer, lifeMs?: number) {
  const upload = await store.upload(tenantId);
  // In pieces that fit no part.
  for (let at = 0; at < bytes.length; at += 300_000) {
    await upload.write(bytes.subarray(at, at + 300_000));
  }
  return await upload.finish({ filename: 'a.jsonl', purpose: 'batch', lifeMs });
}

async function contentOf(store: FileStore, fileId: string): Promise<Buffer | undefined> {
  const file = await store.read(fileId, tenantId);
  if (!file) return undefined;
  const parts: Buffer[] = [];
  for await (const part of store.bytes(file)) parts.push(part);
  return Buffer.concat(parts);
}

const mixed = randomBytes(2_345_678);

describe('the store of files', () => {
  it('keeps bytes in S3 as on a disk, under its prefix, and removes them from there', async () => {
    const s3 = await startFakeS3();
    onTestFinished(() => s3.stop());
    const storage: FileStorage = {
      kind: 's3',
      bucket: 'files',
      region: 'us-east-1',
      endpoint: s3.url,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      pathStyle: true,
      prefix: 'sluice/',
    };
    const { store } = await start({ storage });
    const { fileId } = await uploaded(store, mixed);
    expect(s3.objects.size).toBe(3);
    for (const name of s3.objects.keys()) expect(name).toContain(`files/sluice/acme/${fileId}/`);
    expect((await contentOf(store, fileId))?.equals(mixed)).toBe(true);
    await store.delete(fileId, tenantId);
    expect(s3.objects.size).toBe(0);
  });

  it('counts lines however they are cut, with or without a line feed at the end', async () => {
    const { store } = await start();
    for (const [pieces, lines] of [
      [[''], 0],
      [['a'], 1],
      [['a\n'], 1],
      [['a', '\n', 'b\nc'], 3],
    ] as const) {
      const upload = await store.upload(tenantId);
      for (const piece of pieces) await upload.write(Buffer.from(piece));
      expect(upload.lines).toBe(lines);
      await upload.abort();
    }
  });

  it('stores nothing in clear where encryption is on', async () => {
    const key = { id: 'k1', bytes: randomBytes(32) };
    const seals: Seals = {
      of: async (tenant) => ({
        seal: (text, about) => sealWith(key, text, `${tenant}/${about}`),
        open: (text, about) => openWith(key.bytes, text, `${tenant}/${about}`),
        sealBytes: (bytes, about) => sealBytesWith(key, bytes, `${tenant}/${about}`),
        openBytes: (bytes, about) => openBytesWith(key.bytes, bytes, `${tenant}/${about}`),
      }),
    };
    const { store, stored } = await start({ seals });
    const { fileId } = await uploaded(store, Buffer.from('a secret prompt'));
    const [part = ''] = await stored();
    expect((await readFile(part)).includes('secret')).toBe(false);
    expect((await contentOf(store, fileId))?.toString()).toBe('a secret prompt');
  });

  it('sweeps what has expired and what was never finished, and nothing else', async () => {
    const { store, clock, stored } = await start();
    const old = await uploaded(store, mixed, 60_000);
    const kept = await uploaded(store, Buffer.from('x'));
    const broken = await store.upload(tenantId);
    await broken.write(mixed);
    expect(await store.sweep(0, 10)).toBe(0);
    await clock.advance(60_001);
    // Gone for its owner before anybody has swept.
    expect(await store.read(old.fileId, tenantId)).toBeUndefined();
    expect(await store.sweep(0, 10)).toBe(1);
    await clock.advance(24 * 3_600_000);
    expect(await store.sweep(0, 10)).toBe(1);
    await expect(broken.finish({ filename: 'a', purpose: 'batch' })).rejects.toThrow('too long');
    await broken.abort();
    expect(await stored()).toHaveLength(1);
    expect((await contentOf(store, kept.fileId))?.toString()).toBe('x');
  });

  it('lists over shards in one order, and each file once', async () => {
    const { store, clock } = await start({ shards: 3 });
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      ids.push((await uploaded(store, Buffer.from('x'))).fileId);
      await clock.advance(1);
    }
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await store.list(tenantId, { after, limit: 2 });
      seen.push(...page.files.map(({ fileId }) => fileId));
      if (!page.hasMore) break;
    }
    expect(seen).toEqual(ids.toReversed());
    await store.deleteOfTenant(tenantId);
    expect((await store.list(tenantId, { limit: 10 })).files).toEqual([]);
  });

  it('gives no file to another tenant', async () => {
    const { store } = await start();
    const { fileId } = await uploaded(store, Buffer.from('x'));
    expect(await store.read(fileId, 'eve')).toBeUndefined();
    expect((await store.list('eve', { limit: 10 })).files).toEqual([]);
  });
});
