import { setImmediate } from 'node:timers/promises';

import {
  customIdIn,
  inLineTerms,
  parseLine,
  problemLine,
  SeenIds,
  type FilePart,
  type Line,
  type ParsedLine,
} from '@sluice/batches';
import {
  nativeWindowMs,
  publicName,
  SluiceError,
  type LineProblem,
  type NativePart,
} from '@sluice/contracts';
import { checkAppInput, checkFallbackAnywhere, resolveRoute } from '@sluice/routing';

import { PartPlan } from '../native/plan-parts.ts';
import {
  extension,
  inputFileOf,
  lineOptions,
  linesOf,
  storePart,
  type FileBatch,
  type FileBatchDeps,
} from './file-batch.ts';

/** How many problems the batch itself shows; the error file has every one. */
const shownProblems = 100;

/** Checking a line takes some 50 µs: so many are checked before anything else of the process gets its turn. */
const linesAtOnce = 64;

/** Of problems of the error file that are not stored yet. */
const heldBytes = 1_048_576;

/** Checks every line of the file. The batch goes on to `in_progress`, or to `invalid` with everything that is wrong. */
export async function validateFile(batch: FileBatch, deps: FileBatchDeps): Promise<void> {
  const file = await inputFileOf(batch, deps);
  const found = new Problems(batch, deps);
  const native = new NativeCheck(batch, deps);
  let total = 0;
  if (file) {
    const seen = new SeenIds();
    let cursor = 0;
    for await (const line of linesOf(file, 0, deps)) {
      const place = { index: total, cursor };
      [total, cursor] = [total + 1, line.end];
      await check(batch, line, { seen, found, native, place }, deps);
      if (total % linesAtOnce === 0) await setImmediate();
    }
  }
  await checkWhole({ total, isThere: file !== undefined }, found, deps);
  if (found.count > 0) await found.book();
  else await begin(batch, { total, parts: native.parts }, deps);
}

async function begin(
  { jobId }: FileBatch,
  { total, parts }: { total: number; parts: readonly NativePart[] | undefined },
  { records, clock }: FileBatchDeps,
): Promise<void> {
  const native = parts && { native: JSON.stringify(parts) };
  const execution = parts ? 'native' : 'live';
  await records.movePhase(jobId, {
    from: ['validating'],
    to: 'in_progress',
    fields: { total, inProgressAt: clock.now(), ...native },
    event: { type: 'batch.in_progress', data: { total, execution } },
  });
}

interface Checking {
  seen: SeenIds;
  found: Problems;
  native: NativeCheck;
  /** Of the line: its index, and where it begins. */
  place: { index: number; cursor: number };
}

async function check(
  batch: FileBatch,
  line: Line,
  { seen, found, native, place }: Checking,
  deps: FileBatchDeps,
): Promise<void> {
  try {
    const parsed = parseLine(line, lineOptions(batch, deps));
    const { customId } = parsed;
    checkRequest(parsed, deps);
    native.add(line, parsed, place);
    const first = seen.add(customId, line.number);
    if (first === undefined) return;
    const message = `custom_id: "${customId.slice(0, 80)}" is that of line ${first} too`;
    throw new SluiceError('invalid_request', message, { param: 'custom_id' });
  } catch (thrown) {
    const { code, message, param = null } = SluiceError.from(thrown).toJSON();
    await found.add({ code, line: line.number, message, param }, customIdIn(line.bytes));
  }
}

function checkRequest(line: ParsedLine, { config }: Pick<FileBatchDeps, 'config'>): void {
  const { request } = line;
  const { type, fallback } = request;
  const model = publicName(request);
  try {
    const route = resolveRoute(config, type, model);
    if (request.type === 'workflow') checkAppInput(route, request.input);
    checkFallbackAnywhere(config, { type, model }, fallback);
  } catch (thrown) {
    throw inLineTerms(SluiceError.from(thrown), line);
  }
}

async function checkWhole(
  { total, isThere }: { total: number; isThere: boolean },
  found: Problems,
  { config }: FileBatchDeps,
): Promise<void> {
  const whole = { line: null, param: 'input_file_id' };
  const { maxLines } = config.batches;
  if (!isThere) {
    await found.add({ code: 'file_not_found', message: 'the input file is gone', ...whole });
  } else if (total === 0) {
    await found.add({ code: 'empty_file', message: 'the input file has no lines', ...whole });
  } else if (total > maxLines) {
    const message = `the file has ${total} lines; a batch may have ${maxLines}`;
    await found.add({ code: 'too_many_lines', message, ...whole });
  }
}

/** Whether vendors can run the lines, where they are asked to. */
class NativeCheck {
  #plan: PartPlan | undefined;
  readonly #isMust: boolean;

  constructor({ input, createdAtMs, startByMs }: FileBatch, deps: FileBatchDeps) {
    const { execution } = input;
    this.#isMust = execution === 'native';
    const mayWait = startByMs - createdAtMs >= nativeWindowMs;
    if (this.#isMust || (execution === 'auto' && mayWait)) this.#plan = new PartPlan(deps);
  }

  /** @throws SluiceError where none can run this line and one must; where none must, all go through the lanes. */
  add(line: Line, parsed: ParsedLine, place: { index: number; cursor: number }): void {
    try {
      this.#plan?.add(line, parsed, place);
    } catch (thrown) {
      if (this.#isMust) throw inLineTerms(SluiceError.from(thrown), parsed);
      this.#plan = undefined;
    }
  }

  /** `undefined`: they go through the lanes. */
  get parts(): readonly NativePart[] | undefined {
    return this.#plan?.parts;
  }
}

/** What is wrong with a file: shown in the batch as far as it fits, and written to the error file as it is found. */
class Problems {
  count = 0;
  readonly #batch: FileBatch;
  readonly #deps: FileBatchDeps;
  readonly #shown: LineProblem[] = [];
  readonly #parts: FilePart[] = [];
  #held: string[] = [];
  #heldBytes = 0;

  constructor(batch: FileBatch, deps: FileBatchDeps) {
    this.#batch = batch;
    this.#deps = deps;
  }

  async add(problem: LineProblem, customId?: string): Promise<void> {
    this.count += 1;
    if (this.#shown.length < shownProblems) this.#shown.push(problem);
    const text = problemLine(problem, customId);
    this.#held.push(text);
    this.#heldBytes += text.length;
    if (this.#heldBytes >= heldBytes) await this.#store();
  }

  /** The batch is invalid, and its error file has all of it, in one step. */
  async book(): Promise<void> {
    await this.#store();
    const batch = this.#batch;
    const sums = { ...batch.fileBatch.sums, errorLines: this.count };
    await this.#deps.records.movePhase(batch.jobId, {
      from: ['validating'],
      to: 'invalid',
      fields: { problems: JSON.stringify(this.#shown), sums: JSON.stringify(sums) },
      event: { type: 'batch.invalid', data: { problems: this.count } },
      files: extension(batch, { output: [], error: this.#parts }, this.#deps),
    });
  }

  async #store(): Promise<void> {
    this.#parts.push(...(await storePart(this.#batch, 'error', this.#held, this.#deps)));
    this.#held = [];
    this.#heldBytes = 0;
  }
}
