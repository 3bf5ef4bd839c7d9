/**
 * The process's environment, for the commands that ask a Sluice which runs elsewhere. They load no more than the client:
 * `@sluice/runtime` brings Redis and connections with it, which takes longer to load than such a command to run.
 */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
