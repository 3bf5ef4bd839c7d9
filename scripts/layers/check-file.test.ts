import { describe, expect, test } from 'vitest';
import { checkFile } from './check-file.ts';

describe('the import rules', () => {
  test.each([
    ['packages/limits/src/a.ts', "import { thing } from '@sluice/runtime';"],
    ['packages/limits/src/a.ts', "import type { Redis } from 'ioredis';"],
    ['packages/limits/src/a.ts', "import { Redis } from './redis.ts';"],
    ['packages/limits/src/a.test.ts', "import { waitFor } from '@sluice/testing';"],
    ['packages/queue/src/a.ts', "import { Queue } from 'bullmq';"],
    ['packages/contracts/src/a.ts', "import { z } from 'zod';"],
    ['packages/contracts/src/a.test.ts', "import { expect } from 'vitest';"],
    ['apps/worker/src/a.ts', "import { acquire } from '@sluice/limits';"],
    ['test/e2e/a.test.ts', "import { Queue } from 'bullmq';"],
    ['apps/api/src/testing/a.ts', "import { testRedis } from '@sluice/testing';"],
    ['apps/api/src/a.test.ts', "import { a } from './testing/a.ts';"],
    ['apps/cli/src/main.ts', "await import('../../api/src/main.ts');"],
    ['packages/limits/src/a.ts', "// import { Queue } from 'bullmq';"],
    ['packages/limits/src/a.ts', "/**\n * import { Queue } from 'bullmq';\n */"],
  ])('let %s say %s', (path, source) => {
    expect(checkFile(path, source)).toEqual([]);
  });

  test.each([
    ['packages/limits/src/a.ts', "import { a } from '@sluice/records';", 'not @sluice/records'],
    ['packages/runtime/src/a.ts', "import { a } from '@sluice/config';", 'not @sluice/config'],
    ['packages/config/src/a.ts', "import { a } from '@sluice/limits';", 'not @sluice/limits'],
    ['apps/api/src/a.ts', "import { a } from '@sluice/worker';", 'not @sluice/worker'],
    ['packages/limits/src/a.ts', "import { a } from '@sluice/runtime/src/b.ts';", 'reaches into'],
    [
      'packages/limits/src/a.ts',
      "import { a } from '../../records/src/b.ts';",
      'leaves packages/limits',
    ],
    ['packages/limits/src/a.ts', "import { a } from '@sluice/testing';", 'test files only'],
    ['packages/contracts/src/a.ts', "import { a } from 'node:fs';", 'zod only'],
    ['apps/api/src/a.ts', "import { a } from './testing/a.ts';", 'is test code'],
    ['apps/cli/src/main.ts', "await import('../../api/src/routes.ts');", 'leaves apps/cli'],
    ['apps/api/src/a.ts', "await import('../../worker/src/main.ts');", 'leaves apps/api'],
    ['packages/limits/src/a.ts', "import { Queue } from 'bullmq';", 'use @sluice/queue'],
    ['packages/limits/src/a.ts', "import type { Job } from 'bullmq';", 'use @sluice/queue'],
    ['packages/limits/src/a.ts', "import { Redis } from 'ioredis';", 'createRedis'],
    ['packages/limits/src/a.ts', "import { type Redis } from 'ioredis';", 'createRedis'],
    ['packages/limits/src/a.ts', "import {\n  Redis,\n} from 'ioredis';", 'createRedis'],
    ['packages/limits/src/a.ts', "const { Redis } = await import('ioredis');", 'createRedis'],
    ['packages/limits/src/a.ts', "import 'express';", 'apps/api'],
    ['apps/api/src/a.ts', "import { Agent } from 'undici';", 'packages/providers'],
    ['packages/limits/src/a.ts', "export * from './b.ts';", 'name each export'],
    ['packages/limits/src/a.ts', "export * as b from './b.ts';", 'name each export'],
  ])('forbid %s to say %s', (path, source, reason) => {
    const complaints = checkFile(path, source);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(reason);
  });

  test('name the line of the import', () => {
    const source = "import a from './a.ts';\n/* two\nlines */\n\nimport { Queue } from 'bullmq';\n";
    expect(checkFile('packages/limits/src/a.ts', source)[0]).toMatch(
      /^packages\/limits\/src\/a\.ts:5:/,
    );
  });
});
