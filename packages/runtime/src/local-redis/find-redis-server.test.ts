import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { createLogger } from '../logger.ts';
import { findRedisServer } from './find-redis-server.ts';

const log = createLogger({ name: 'test', level: 'silent' });

/** Stands in for the system: programs are shell scripts in a folder that is all of PATH. */
describe('findRedisServer', () => {
  let folder: string;
  let bin: string;
  let toolsDir: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-find-'));
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
    bin = join(folder, 'bin');
    toolsDir = join(folder, 'tools');
    await mkdir(bin);
  });

  const program = async (name: string, script: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  };
  const find = async () => await findRedisServer({ toolsDir, log, environment: { PATH: bin } });

  test('takes redis-server from PATH', async () => {
    await program('redis-server', 'echo "Redis server v=7.2.4 sha=0 malloc=libc bits=64"');
    expect(await find()).toEqual({
      kind: 'program',
      program: join(bin, 'redis-server'),
      version: '7.2.4',
      environment: {},
    });
  });

  test('takes valkey-server where the redis-server is too old', async () => {
    await program('redis-server', 'echo "Redis server v=6.0.16 sha=0"');
    await program('valkey-server', 'echo "Valkey server v=8.1.1 sha=0"');
    expect(await find()).toMatchObject({ program: join(bin, 'valkey-server'), version: '8.1.1' });
  });

  test('takes a redis-server of exactly 6.2.0', async () => {
    await program('redis-server', 'echo "Redis server v=6.2.0 sha=0"');
    expect(await find()).toMatchObject({ version: '6.2.0' });
  });

  test('takes Docker when its daemon answers', async () => {
    await program('docker', 'exit 0');
    expect(await find()).toMatchObject({
      kind: 'docker',
      image: expect.stringMatching(/^redis:7/),
    });
  });

  test('passes over a Docker without a daemon, or without a way to the image', async () => {
    await program('docker', '[ "$1" = info ]');
    await expect(find()).rejects.toThrow('No Redis found');
    await program('docker', 'exit 1');
    await expect(find()).rejects.toThrow('No Redis found');
  });

  const fakeApt = `
    PATH=/bin:/usr/bin
    for word; do case $word in
      install) echo "'http://mirror/x.deb' libjemalloc2_5.3.0_amd64.deb 1 SHA256:0" ;;
      download) downloading=1 ;;
      *) [ "$downloading" ] && touch "$word.deb" ;;
    esac; done; exit 0`;
  const fakeDpkg = `
    PATH=/bin:/usr/bin
    mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"; echo "$2" >> "$3/packages"
    printf '#!/bin/sh\\necho "Redis server v=7.0.15"\\n' > "$3/usr/bin/redis-server"
    chmod +x "$3/usr/bin/redis-server"`;

  test('unpacks the Debian packages, with the libraries that are missing, once', async () => {
    await program('apt-get', fakeApt);
    await program('dpkg-deb', fakeDpkg);
    const root = join(toolsDir, 'redis-apt');
    const expected = {
      kind: 'program',
      program: join(root, 'usr/bin/redis-server'),
      version: '7.0.15',
      environment: { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') },
    };
    expect(await find()).toEqual(expected);
    await program('apt-get', 'exit 1');
    expect(await find()).toEqual(expected);
    expect(await readdir(toolsDir)).toEqual(['redis-apt']);
  });

  test('survives two finders that unpack at the same time', async () => {
    await program('apt-get', fakeApt);
    await program('dpkg-deb', fakeDpkg);
    const [one, two] = await Promise.all([find(), find()]);
    expect(one).toEqual(two);
    expect(await readdir(toolsDir)).toEqual(['redis-apt']);
  });

  test('leaves nothing half unpacked when apt fails', async () => {
    await program('apt-get', '[ "$1" = --version ]');
    await expect(find()).rejects.toThrow('No Redis found');
    expect(await readdir(toolsDir)).toEqual([]);
  });

  test('says what the user can do when there is none', async () => {
    await expect(find()).rejects.toThrow(
      /REDIS_URL.*apt-get install redis-server.*brew install redis.*Docker/,
    );
  });
});
