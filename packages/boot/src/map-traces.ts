import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Beside each file of a bundle, as `<file>.lines.json`: where its lines come from. */
export interface BundleLines {
  /** Paths from the file. */
  sources: string[];
  /** Two numbers for each line: the index of its source (-1: none) and its line there. */
  lines: number[];
}

/**
 * From now on traces of errors name the lines of the sources of what runs from the bundle in `folder`. What is known of its
 * lines is read when the first trace is asked for. Node.js would read source maps at the start (0.1 s), and a map that is read
 * later holds up a worker for 0.3 s: streams ask for the trace of each error that ends them.
 */
export function mapTraces(folder: string): void {
  const start = pathToFileURL(folder).href;
  const files = new Map<string, BundleLines>();
  const linesOf = (url: string) => {
    let lines = files.get(url);
    if (!lines) files.set(url, (lines = readLines(url)));
    return lines;
  };
  Error.prepareStackTrace = (error, sites) => {
    // The text of a call site is its line in a trace.
    // oxlint-disable-next-line typescript/no-base-to-string
    const frames = sites.map((site) => `\n    at ${mapSite(String(site), start, linesOf)}`);
    return `${Error.prototype.toString.call(error)}${frames.join('')}`;
  };
}

function readLines(url: string): BundleLines {
  // Written by scripts/bundle.ts.
  return JSON.parse(readFileSync(fileURLToPath(`${url}.lines.json`), 'utf8')) as BundleLines;
}

/** `text` is as `run (file:///folder/chunk.js:1:2)`. */
function mapSite(text: string, start: string, linesOf: (url: string) => BundleLines): string {
  const [place, url, line] = /(file:[^()]+):(\d+):\d+/.exec(text) ?? [];
  if (place === undefined || !url?.startsWith(start)) return text;
  const { sources, lines } = linesOf(url);
  const index = (Number(line) - 1) * 2;
  const source = sources[lines[index] ?? -1];
  if (source === undefined) return text;
  return text.replace(place, `${new URL(source, url).href}:${lines[index + 1]}`);
}
