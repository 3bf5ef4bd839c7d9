import { readVariable, type Environment } from './environment.ts';
import type { Path } from './path.ts';

/** A problem at a path of the file, before the file's name is put in front. */
export interface PathProblem {
  path: Path;
  message: string;
}

/**
 * Plain data with `${NAME}` and `${NAME:-default}` replaced in every string value; keys are left alone, and what comes
 * from the environment is never looked at again. `$${` stands for a literal `${`. An empty variable counts as missing.
 * Entries without a value (`headers:` and nothing behind it) are dropped.
 */
export function interpolate(
  data: unknown,
  env: Environment,
): { data: unknown; problems: PathProblem[] } {
  const problems: PathProblem[] = [];
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return interpolateText(value, env, report(path));
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, visit(item, [...path, key])]);
    return Object.fromEntries(entries);
  };
  const report = (path: Path) => (message: string) => problems.push({ path, message });
  return { data: visit(data, []), problems };
}

// `$${`, or `${…}`, or a `${` that is never closed.
const placeholder = /\$\$\{|\$\{([^}]*)(\}?)/g;

function interpolateText(
  text: string,
  env: Environment,
  report: (message: string) => void,
): string {
  return text.replace(placeholder, (match, inner: string | undefined, close: string) => {
    if (inner === undefined) return '${';
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
    if (close === '' || !parts) {
      report(`"${match}" is not \${NAME} or \${NAME:-default}; write $\${ for a literal \${`);
      return match;
    }
    const [, name = '', fallback] = parts;
    const value = readVariable(env, name) ?? fallback;
    if (value !== undefined) return value;
    report(`environment variable ${name} is not set; set it or write \${${name}:-default}`);
    return match;
  });
}
