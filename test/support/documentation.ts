import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const rootFolder = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** What stands behind the fence: `sh`, `yaml`, `js before`, … */
  info: string;
  text: string;
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the repository. */
  path: string;
  text: string;
  blocks: Block[];
}

/** Every page that a user reads, the README first. */
export function readPages(): Page[] {
  const inDocs = readdirSync(join(rootFolder, 'docs'), { recursive: true, encoding: 'utf8' });
  const docs = inDocs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  const others = ['packages/client/README.md', 'examples/README.md'];
  return ['README.md', ...docs.toSorted(), ...others].map((path) => {
    const text = readFileSync(join(rootFolder, path), 'utf8');
    return { path, text, blocks: blocksOf(text) };
  });
}

function blocksOf(text: string): Block[] {
  const fenced = text.matchAll(/^( *)```([^\n`]*)\n(.*?)^\1```$/gms);
  return [...fenced].map(([, indent = '', info = '', inside = '']) => ({
    info: info.trim(),
    text: inside.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** The names that GitHub gives to the headings of a page. */
export function anchorsOf({ text }: Pick<Page, 'text'>): string[] {
  const headings = text.replaceAll(/^( *)```.*?^\1```$/gms, '').matchAll(/^#+ +(.+)$/gm);
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links to other files of the repository and to places in them. */
export function linksOf({ text }: Pick<Page, 'text'>): { file: string; anchor: string }[] {
  const links = text.replaceAll(/^( *)```.*?^\1```$/gms, '').matchAll(/\]\(([^)\s]+)\)/g);
  return [...links]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return { file, anchor };
    });
}
