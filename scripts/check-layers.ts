/**
 * Checks which package imports what (the table is scripts/layers/layers.ts). The linter has no rule
 * that allows a list per folder without repeating every other rule in each of them.
 */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkFile } from './layers/check-file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = globSync('{apps,packages,test}/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules/**'],
}).map((path) => path.replaceAll('\\', '/'));
const complaints = files.flatMap((path) =>
  checkFile(path, readFileSync(`${root}/${path}`, 'utf8')),
);

for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;
else console.log(`Imports of ${files.length} files keep to their layers.`);
