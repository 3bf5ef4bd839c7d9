import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';

import type { JobView, SubmitJobInput } from '@sluice/contracts';
import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { connect } from '../connect.ts';
import { describeJob } from './describe-job.ts';
import { watchJob } from './watch-command.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

export interface SubmitOptions {
  model?: string;
  app?: string;
  system?: string;
  input?: string;
  file?: string;
  priority?: string;
  key?: string;
  watch?: boolean;
  wait?: boolean;
  json?: boolean;
}

/** Adds `sluice submit`: a job from words on the command line, from a file or from standard input. */
export function addSubmitCommand(program: Command, run: Run): void {
  program
    .command('submit [prompt...]')
    .description('queue a job: a question to a model, a run of an app, or whatever a file says')
    .option('--model <name>', 'ask this model')
    .option('--system <text>', 'what the model is told before')
    .option('--app <name>', 'run this Dify app; the prompt is its query')
    .option('--input <json>', 'variables of the app, as {"topic":"queues"}')
    .option('--file <path>', 'the body of POST /v1/jobs as JSON; - is standard input')
    .option('--priority <class>', 'high, normal or low')
    .option('--key <text>', 'Idempotency-Key: the same key is the same job')
    .option('--watch', 'show the answer while it is made')
    .option('--wait', 'wait for the end')
    .option('--json', 'the job as the API gives it')
    .action((prompt: string[], options: SubmitOptions) =>
      run(async () => await submit(prompt.join(' '), options)),
    );
}

async function submit(prompt: string, options: SubmitOptions): Promise<void> {
  const job = options.file === undefined ? jobOf(prompt, options) : await readJob(options.file);
  const client = await connect(readEnvironment());
  const streams = options.watch === true && (job.type === 'chat' || job.type === 'workflow');
  const body = streams ? { ...job, stream: true } : job;
  const { key } = options;
  const accepted = await client.jobs.submit(body, key === undefined ? {} : { idempotencyKey: key });
  if (options.watch) await watchJob(client, accepted.id, options);
  else print(options.wait ? await client.jobs.wait(accepted.id) : accepted, options);
}

/** @throws Error that says which option is missing or wrong. */
export function jobOf(prompt: string, options: SubmitOptions): SubmitJobInput {
  const { model, app, system, input, priority } = options;
  if ((model === undefined) === (app === undefined)) {
    throw new Error('give --model, --app or --file: one of them says what shall be done');
  }
  // The API says which classes there are.
  const more = priority === undefined ? {} : { priority: priority as 'high' };
  if (app !== undefined) {
    const query = prompt === '' ? {} : { query: prompt };
    return { type: 'workflow', app, input: { inputs: readInputs(input), ...query }, ...more };
  }
  if (prompt === '') throw new Error('say what to ask: sluice submit --model NAME "Hello"');
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user' as const, content: prompt },
  ];
  return { type: 'chat', model: model ?? '', input: { messages }, ...more };
}

function readInputs(input: string | undefined): Record<string, unknown> {
  if (input === undefined) return {};
  const value = parse(input, '--input');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // A JSON object has nothing but string keys.
    return value as Record<string, unknown>;
  }
  throw new Error('--input: must be a JSON object, as {"topic":"queues"}');
}

async function readJob(file: string): Promise<SubmitJobInput> {
  const text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  // The API validates it and names what is wrong.
  return parse(text, file) as SubmitJobInput;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}: is not JSON`, { cause: error });
  }
}

function print(job: JobView, { json }: SubmitOptions): void {
  process.stdout.write(`${json ? JSON.stringify(job, undefined, 2) : describeJob(job)}\n`);
}
