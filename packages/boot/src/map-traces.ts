import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * From now on traces of errors name the sources of what runs from the bundle in `folder`. Its maps are read when the first
 * trace is asked for: Node.js would read them all as it starts, which takes as long as the rest of loading.
 */
export function mapTraces(folder: string): void {
  const start = pathToFileURL(folder).href;
  const maps = new Map<string, SourceMap>();
  const mapOf = (url: string) => {
    let map = maps.get(url);
    if (!map) maps.set(url, (map = readMap(url)));
    return map;
  };
  Error.prepareStackTrace = (error, sites) => {
    // The text of a call site is its line in a trace.
    // oxlint-disable-next-line typescript/no-base-to-string
    const lines = sites.map((site) => `\n    at ${mapSite(String(site), start, mapOf)}`);
    return `${Error.prototype.toString.call(error)}${lines.join('')}`;
  };
}

function readMap(url: string): SourceMap {
  return new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), 'utf8')));
}

/** `text` is as `run (file:///folder/chunk.js:1:2)`. */
function mapSite(text: string, start: string, mapOf: (url: string) => SourceMap): string {
  const [place, url, line, column] = /(file:[^()]+):(\d+):(\d+)/.exec(text) ?? [];
  if (place === undefined || !url?.startsWith(start)) return text;
  const origin = mapOf(url).findOrigin(Number(line), Number(column));
  if (!('fileName' in origin)) return text;
  const source = new URL(origin.fileName, url).href;
  return text.replace(place, `${source}:${origin.lineNumber}:${origin.columnNumber}`);
}
