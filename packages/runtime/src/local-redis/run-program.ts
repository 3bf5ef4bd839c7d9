import { execFile } from 'node:child_process';

/** What a finished program left: whether it ended with exit code 0, and what it wrote to both outputs. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly output: string;
}

/**
 * Runs a program to its end and never rejects: a program that is missing, fails or takes longer than
 * `timeoutMs` is `ok: false` with the reason in `output`. `environment` replaces the process's own; `input` is all that it
 * can read.
 */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  options: { environment: NodeJS.ProcessEnv; timeoutMs: number; cwd?: string; input?: string },
): Promise<ProgramResult> {
  const { environment, timeoutMs, cwd, input } = options;
  return await new Promise((resolve) => {
    const child = execFile(
      program,
      [...programArguments],
      { env: environment, timeout: timeoutMs, cwd, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`;
        resolve({ ok: error === null, output: error && !output ? error.message : output });
      },
    );
    if (input === undefined) return;
    // A program that ended without reading it has said why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
