import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What runs in the processes that strangers talk to. */
const ofTests = ['testing', 'client'];
const packages = readdirSync(join(root, 'packages')).filter((name) => !ofTests.includes(name));
const folders = ['apps/api', 'apps/worker', ...packages.map((name) => `packages/${name}`)];
const spared = /\.test\.ts$|\/testing\//;

/** A literal of a regular expression, where an expression may begin. */
const literal =
  /(?<=[(=,:!&|?;[{}\s])\/(?![*/])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/gm;

interface Found {
  file: string;
  source: string;
  regex: RegExp;
}

function findRegexes(): Found[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, 'src', name))
      .filter((name) => name.endsWith('.ts') && !spared.test(name))
      .flatMap((file) => {
        const code = readFileSync(join(root, file), 'utf8');
        return [...code.matchAll(literal)].flatMap(([source, body = '', flags = '']) => {
          try {
            return [{ file, source, regex: new RegExp(body, flags) }];
          } catch {
            // A division, or a path in a comment.
            return [];
          }
        });
      }),
  );
}

/** A text is evil when a part of the expression can take it in several ways and the end then does not fit. */
const units = [
  'a',
  'A',
  '0',
  ' ',
  '-',
  '_',
  '.',
  '/',
  '"',
  '\\',
  ',',
  '=',
  ':',
  'a ',
  'a-',
  'a_',
  'a.',
  '0,',
];
const evilOf = (length: number) =>
  units.map((unit) => `${unit.repeat(length / unit.length)}\u0000`);
const [short, long] = [evilOf(4_000), evilOf(40_000)];

/** The most processor time, in ms, that one of the texts takes: what other processes do beside this one does not count. */
function worstMs(regex: RegExp, texts: readonly string[]): number {
  const times = texts.map((text) => {
    regex.lastIndex = 0;
    const before = process.cpuUsage();
    regex.test(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.max(...times);
}

test('no regular expression of ours takes more than linear time, whatever the text', () => {
  const found = findRegexes();
  expect(found.length).toBeGreaterThan(100);
  // 4,000 characters squared are 10 ms and more; of those that come near it the long texts tell for certain.
  const doubtful = found.filter(({ regex }) => worstMs(regex, short) > 2);
  const slow = doubtful.flatMap(({ file, source, regex }) => {
    const worst = worstMs(regex, long);
    return worst > 200 ? [`${file}: ${source} took ${Math.round(worst)} ms`] : [];
  });
  expect(slow).toEqual([]);
});
