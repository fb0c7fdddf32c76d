import { createRequire, Module } from 'node:module';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package that this kernel belongs to. */
export const PACKAGE_ROOT = dirname(fileURLToPath(new URL('../../../../package.json', import.meta.url)));

/** A file of the package: what can be imported there can be imported in a cell. */
export const PACKAGE_IMPORTER = `${PACKAGE_ROOT}${sep}cell.js`;

const PACKAGE_NAME = 'faultbook';
// A cell may change the working directory; tslab goes on resolving from the one that it was started in.
const NOTEBOOK_DIR = process.cwd();
const ownRequire = createRequire(PACKAGE_IMPORTER);

/**
 * Where a cell's import is looked for; the types and the run time follow the same rule. The package itself is always
 * the one that the kernel belongs to; other names are looked for from the notebook's folder, then among the package's
 * own dependencies.
 */
export type Lookup = 'here' | 'here, then package' | 'package';

/**
 * @param specifier what stands behind `from`
 * @param importer absolute path of the importing file
 */
export function lookupOf(specifier: string, importer: string): Lookup {
  if (!isNotebookFile(importer) || !isBare(specifier)) return 'here';
  const isOwn = specifier === PACKAGE_NAME || specifier.startsWith(`${PACKAGE_NAME}/`);
  return isOwn ? 'package' : 'here, then package';
}

/** Cells and the files beside them; not packages, which must see only what they depend on. */
function isNotebookFile(path: string): boolean {
  const fromHere = relative(NOTEBOOK_DIR, path);
  const isBelow = !fromHere.startsWith('..') && !isAbsolute(fromHere);
  return isBelow && !fromHere.split(/[\\/]/).includes('node_modules');
}

function isBare(specifier: string): boolean {
  return !/^(\.|\/|node:|[A-Za-z]:[\\/])/.test(specifier);
}

type ResolveFilename = (
  specifier: string,
  parent: { filename?: string } | undefined,
  ...rest: unknown[]
) => string;

/** Makes `require` in cells follow {@link lookupOf}. */
export function installResolution(): void {
  const loader = Module as unknown as { _resolveFilename: ResolveFilename };
  const resolveHere = loader._resolveFilename;
  loader._resolveFilename = function (specifier, parent, ...rest) {
    const lookup = lookupOf(specifier, parent?.filename ?? '');
    if (lookup === 'package') return ownRequire.resolve(specifier);
    try {
      return resolveHere.call(this, specifier, parent, ...rest);
    } catch (err) {
      const found = lookup === 'here' ? undefined : resolveOwn(specifier);
      if (found === undefined) throw err;
      return found;
    }
  };
}

function resolveOwn(specifier: string): string | undefined {
  try {
    return ownRequire.resolve(specifier);
  } catch {
    return undefined;
  }
}
