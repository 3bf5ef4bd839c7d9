/** Environment variables, as `readEnvironment` of @sluice/runtime gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable without the white space around it; `undefined` when it is not set or empty. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
