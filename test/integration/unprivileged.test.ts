import { spawnSync } from 'node:child_process';
import { chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findTestPort, startTestRedis } from '@sluice/testing';
import OpenAI, { toFile } from 'openai';
import { expect, onTestFinished, test } from 'vitest';

import { startChild } from '../support/child-process.ts';

/** `nobody`: owns nothing, not even the code that it runs. */
const uid = 65_534;
const root = fileURLToPath(new URL('../..', import.meta.url));
const adminKey = 'test-admin-key-of-more-than-24-characters';

/** Only root may start processes as somebody else, and that user must be able to read the code. */
function canRunAsNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  const file = JSON.stringify(join(root, 'package.json'));
  const reading = ['-e', `require('node:fs').readFileSync(${file})`];
  const reads = spawnSync(process.execPath, reading, { uid, gid: uid });
  return reads.status === 0;
}

/** What the containers promise, without a container: no rights, nothing below the code's folder is written. */
test.skipIf(!canRunAsNobody())(
  'API, worker and simulator run as nobody, and write to the data folder only',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-nobody-'));
    await chown(dataDir, uid, uid);
    const redis = await startTestRedis();
    const simulatorPort = String(await findTestPort());
    const environment = {
      HOME: '/nonexistent',
      NODE_COMPILE_CACHE: undefined,
      NODE_ENV: 'production',
      REDIS_URL: redis.userUrl,
      SLUICE_ADMIN_KEY: adminKey,
      SLUICE_ALLOW_PRIVATE_HOSTS: '127.0.0.1',
      SLUICE_DATA_DIR: dataDir,
      SLUICE_SIMULATOR_PORT: simulatorPort,
      PORT: String(await findTestPort()),
    };
    const start = (name: string) =>
      startChild({ file: 'apps/cli/src/main.ts', arguments: [name], cwd: '/', uid, environment });
    const children = await Promise.all(['api', 'worker', 'simulator'].map(start));
    onTestFinished(async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(({ exited }) => exited));
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    });
    const client = new OpenAI({
      apiKey: adminKey,
      baseURL: `http://127.0.0.1:${environment.PORT}/v1`,
    });

    const answer = await client.chat.completions.create({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'as nobody' }],
    });
    expect(answer.choices[0]?.message.content).toContain('as nobody');
    const line = { custom_id: 'one', method: 'POST', url: '/v1/chat/completions' };
    const body = { model: 'sim-chat', messages: [{ role: 'user', content: 'from a file' }] };
    const file = await client.files.create({
      file: await toFile(Buffer.from(JSON.stringify({ ...line, body })), 'lines.jsonl'),
      purpose: 'batch',
    });
    const { id } = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await expect
      .poll(async () => (await client.batches.retrieve(id)).status, { timeout: 20_000 })
      .toBe('completed');
    const written = await readdir(dataDir, { recursive: true });
    expect(written.length).toBeGreaterThan(0);
    for (const path of written) expect((await stat(join(dataDir, path))).uid).toBe(uid);
    for (const child of children) child.kill('SIGTERM');
    expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0]);
    for (const child of children) expect(child.output()).not.toMatch(/EACCES|EROFS|EPERM/);
  },
  60_000,
);
