import { findImports, type ImportStatement } from './find-imports.ts';
import { contractsLibraries, layers, restrictedLibraries, type Layer } from './layers.ts';

/** One broken rule, `path:line: what is wrong; what to do`. */
export type Complaint = string;

/** Checks the imports of one file. `path` is relative to the root, with forward slashes. */
export function checkFile(path: string, source: string): Complaint[] {
  return findImports(source).flatMap((statement) =>
    [
      checkExportAll(statement),
      checkWorkspaceImport(path, statement),
      checkOwnPackage(path, statement),
      checkTestCode(path, statement),
      checkContracts(path, statement),
      checkLibrary(path, statement),
    ]
      .filter((complaint) => complaint !== undefined)
      .map((complaint) => `${path}:${statement.line}: ${complaint}`),
  );
}

function checkExportAll({ exportsAll, specifier }: ImportStatement): string | undefined {
  if (exportsAll) return `"export *" of ${specifier} hides what is public; name each export`;
  return undefined;
}

function checkWorkspaceImport(path: string, { specifier }: ImportStatement): string | undefined {
  const name = /^@sluice\/([^/]+)(\/.*)?$/.exec(specifier);
  const layer = layerOf(path);
  if (!name || !layer) return undefined;
  if (name[2]) return `${specifier} reaches into a package; import @sluice/${name[1]}`;
  if (name[1] === 'testing') {
    return isTest(path) ? undefined : '@sluice/testing is for test files only';
  }
  if (layer.mayImport.includes(name[1] ?? '')) return undefined;
  const allowed =
    layer.mayImport.map((each) => `@sluice/${each}`).join(', ') || 'no workspace package';
  return `${layer.folder} may import ${allowed}; not ${specifier}`;
}

/**
 * A relative import must stay inside its own package, else it goes around the rules above. Only the
 * command line reaches further: it starts the other apps, each by its main.ts.
 */
function checkOwnPackage(path: string, { specifier }: ImportStatement): string | undefined {
  const layer = layerOf(path);
  if (!layer || !specifier.startsWith('.')) return undefined;
  const target = targetOf(path, specifier);
  if (target.startsWith(`${layer.folder}/`)) return undefined;
  if (layer.folder === 'apps/cli' && /^apps\/[^/]+\/src\/main\.ts$/.test(target)) return undefined;
  return `${specifier} leaves ${layer.folder}; import the package by its name`;
}

function checkTestCode(path: string, { specifier }: ImportStatement): string | undefined {
  if (isTest(path) || !specifier.startsWith('.') || !isTest(targetOf(path, specifier))) {
    return undefined;
  }
  return `${specifier} is test code; only tests may import it`;
}

function checkContracts(path: string, { specifier }: ImportStatement): string | undefined {
  if (layerOf(path)?.folder !== 'packages/contracts' || isTest(path)) return undefined;
  if (specifier.startsWith('.') || contractsLibraries.includes(specifier)) return undefined;
  return `packages/contracts may import ${contractsLibraries.join(', ')} only; not ${specifier}`;
}

function checkLibrary(path: string, statement: ImportStatement): string | undefined {
  const library = restrictedLibraries.find(
    ({ name }) => statement.specifier === name || statement.specifier.startsWith(`${name}/`),
  );
  if (!library || (library.typesAllowedEverywhere && statement.typeOnly)) return undefined;
  if (library.allowedIn.some((folder) => path.startsWith(`${folder}/`))) return undefined;
  return `${library.name} may be imported in ${library.allowedIn.join(', ')} only; ${library.advice}`;
}

function layerOf(path: string): Layer | undefined {
  return layers.find(({ folder }) => path.startsWith(`${folder}/`));
}

/** The file that a relative specifier means, as a path from the root. */
function targetOf(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** Test files, and what they share: packages/testing and each package's own src/testing. */
function isTest(path: string): boolean {
  return (
    path.endsWith('.test.ts') ||
    path.startsWith('packages/testing/') ||
    path.startsWith('test/') ||
    path.includes('/src/testing/')
  );
}
