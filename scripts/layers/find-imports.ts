/** One import or re-export of a source text. */
export interface ImportStatement {
  readonly specifier: string;
  /** `import type …` or `export type …`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** `export * from …`. */
  readonly exportsAll: boolean;
  /** Starts at 1. */
  readonly line: number;
}

const statement =
  /^[ \t]*(?:import|export)\b(?<clause>[^'"`;()=]*?)\bfrom\s*['"](?<from>[^'"\n]+)['"]|^[ \t]*import\s*['"](?<bare>[^'"\n]+)['"]|\bimport\s*\(\s*['"](?<dynamic>[^'"\n]+)['"]\s*\)/gm;

/**
 * Finds static imports, re-exports, bare imports and dynamic imports of a literal. It reads text,
 * not syntax, so it may see an import inside a string; that errs on the safe side.
 */
export function findImports(source: string): ImportStatement[] {
  const text = withoutComments(source);
  return [...text.matchAll(statement)].map((match) => {
    const { clause = '', from, bare, dynamic } = match.groups ?? {};
    return {
      specifier: from ?? bare ?? dynamic ?? '',
      typeOnly: /^\s*type\s/.test(clause),
      exportsAll: /^\s*(?:type\s+)?\*/.test(clause) && match[0].trimStart().startsWith('export'),
      line: text.slice(0, match.index).split('\n').length,
    };
  });
}

/** Blanks block comments and whole-line comments, keeping the line numbers. */
function withoutComments(source: string): string {
  return source
    .replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/^[ \t]*\/\/.*$/gm, '');
}
