/** One thing that is wrong with the configuration. */
export interface Problem {
  /** Where: the file and the path in it, or the environment variable. */
  where: string;
  /** What was given and what is allowed, in one line. Never a secret. */
  message: string;
}

/** The configuration cannot be used. Its message lists every problem found, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** `<where>: <message>`, one a problem. */
  readonly problems: readonly string[];
  readonly #problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map((problem) => `${problem.where}: ${problem.message}`);
    super(lines.join('\n'));
    this.problems = lines;
    this.#problems = problems;
  }

  /** The same with more problems. */
  with(more: readonly Problem[]): ConfigError {
    return new ConfigError([...this.#problems, ...more]);
  }
}
