/** Prints one line of progress to stderr, so that stdout stays the command's own. */
export function say(message) {
  process.stderr.write(`sluice: ${message}\n`);
}

/** Prints one line that says what went wrong and what to do, and ends with exit code 1. */
export function fail(error) {
  say(error instanceof Error ? error.message : String(error));
  if (process.env.SLUICE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}
