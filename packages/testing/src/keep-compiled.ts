import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Each worker of a run reads the same modules: types are stripped and code is compiled once for all of them.
enableCompileCache(join(tmpdir(), 'sluice-test-compile-cache'));
