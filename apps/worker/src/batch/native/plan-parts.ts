import type { Line, ParsedLine } from '@sluice/batches';
import type { Target } from '@sluice/config';
import type { NativePart } from '@sluice/contracts';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { batchedRequest } from './native-batch.ts';
import { nativeTargetOf } from './native-target.ts';

/** As long as the custom id of any line. */
const customId = 'x'.repeat(64);

interface OpenPart {
  part: NativePart;
  bytes: number;
}

/** Divides the lines of a file among batches at vendors, while they are checked: one target each, within the vendor's bounds. */
export class PartPlan {
  readonly #deps: FileBatchDeps;
  readonly #open = new Map<string, OpenPart>();
  readonly #parts: NativePart[] = [];

  constructor(deps: FileBatchDeps) {
    this.#deps = deps;
  }

  /**
   * The next line, which begins at `cursor`.
   * @throws SluiceError where no vendor's batch can have it; it is in none then.
   */
  add(
    line: Line,
    { request }: ParsedLine,
    { index, cursor }: { index: number; cursor: number },
  ): void {
    const { target, api } = nativeTargetOf(request, this.#deps);
    const batched = batchedRequest(request, target, customId);
    const bytes = Buffer.byteLength(api.encode(batched)) + 1;
    const key = JSON.stringify([target.provider.name, target.model, batched.type]);
    const open = this.#open.get(key);
    const fits =
      open && open.part.lines < api.maxRequests && open.bytes + bytes <= api.maxBytes - headBytes;
    const into = fits ? open : this.#begin(key, target, { type: batched.type, index, cursor });
    into.bytes += bytes;
    into.part.lines += 1;
    into.part.to = index + 1;
  }

  /** All of them, the first in the file first. */
  get parts(): readonly NativePart[] {
    return this.#parts;
  }

  #begin(
    key: string,
    target: Target,
    { type, index, cursor }: Pick<NativePart, 'type' | 'cursor'> & { index: number },
  ): OpenPart {
    const { provider, model } = target;
    const place = { from: index, cursor, to: index, lines: 0 };
    const part: NativePart = { state: 'planned', provider: provider.name, model, type, ...place };
    const open = { part, bytes: 0 };
    this.#parts.push(part);
    this.#open.set(key, open);
    return open;
  }
}

/** What stands around the lines. */
const headBytes = 1_024;
