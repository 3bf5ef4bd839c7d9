import type { JobEvent, SluiceClient } from '@sluice/client';
import type { JobView, TextDelta } from '@sluice/contracts';
import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { connect } from '../connect.ts';
import { describeCost, describeJob, jobLine } from './describe-job.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

interface WatchOptions {
  json?: boolean;
}

/** Where it is written: the answer to one place, what happens to the other, so that the answer can be piped. */
export interface Screen {
  out(text: string): void;
  note(text: string): void;
}

const terminal: Screen = {
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(`${text}\n`),
};

/** Adds `sluice watch ID`. */
export function addWatchCommand(program: Command, run: Run): void {
  program
    .command('watch <id>')
    .description('what happens to a job, and its answer while it is made; exit code 1 if it fails')
    .option('--json', 'every event as a line of JSON')
    .action((id: string, options: WatchOptions) =>
      run(async () => await watchJob(await connect(readEnvironment()), id, options)),
    );
}

/** Follows a job to its end. @throws Error with the job's own, unless it has a result. */
export async function watchJob(
  { jobs }: Pick<SluiceClient, 'jobs'>,
  id: string,
  { json }: WatchOptions,
  screen: Screen = terminal,
): Promise<void> {
  let ended: JobView | undefined;
  let hasText = false;
  for await (const event of jobs.events(id)) {
    ended = event.job ?? ended;
    if (json) {
      screen.out(`${JSON.stringify(event)}\n`);
      continue;
    }
    const text = textOf(event);
    hasText ||= text !== '';
    if (text !== '') screen.out(text);
    else if (event.type !== 'delta') screen.note(describeEvent(event));
  }
  ended ??= await jobs.get(id);
  if (!json && hasText) screen.out('\n');
  if (!json && !hasText) screen.out(`${describeJob(ended)}\n`);
  if (ended.state !== 'completed') throw new Error(jobLine(ended));
  if (!json) screen.note(describeCost(ended));
}

function textOf({ type, data }: JobEvent): string {
  // The form of every event named `delta`.
  return type === 'delta' ? ((data?.['delta'] as TextDelta | undefined)?.content ?? '') : '';
}

function describeEvent({ type, at, data }: JobEvent): string {
  const more = data?.['waiting_on'] ?? data?.['title'] ?? data?.['node_id'];
  const what = typeof more === 'string' ? more : more === undefined ? '' : JSON.stringify(more);
  return `${at}  ${type}${what && `  ${what}`}`;
}
