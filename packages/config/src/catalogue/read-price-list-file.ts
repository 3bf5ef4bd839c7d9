import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { PathProblem } from '../interpolate.ts';
import { readPriceList, type PriceList } from './price-list.ts';

/** The price list that the configuration names, or what is wrong with it. Nothing where it names none. */
export function readPriceListFile(
  path: string | undefined,
  folder: string,
): { priceList: PriceList | undefined; problem?: PathProblem } {
  if (path === undefined) return { priceList: undefined };
  try {
    const priceList = readPriceList(JSON.parse(readFileSync(resolve(folder, path), 'utf8')));
    if (priceList) return { priceList };
    return failed(`${path} is not a JSON object of models`);
  } catch (error) {
    if (error instanceof SyntaxError) return failed(`${path} is not JSON: ${error.message}`);
    // Node gives every failed file operation a code.
    const { code } = error as NodeJS.ErrnoException;
    return failed(
      code === 'ENOENT'
        ? `there is no file ${path} (from ${folder})`
        : `${path} cannot be read (${code ?? 'unknown'})`,
    );
  }
}

function failed(message: string): { priceList: undefined; problem: PathProblem } {
  return { priceList: undefined, problem: { path: ['catalogue'], message } };
}
