import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The project's root, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One source file of kernel-lib/, as the house's tests look at it. */
export interface Source {
  /** Path below kernel-lib/, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Module names as written in its imports and re-exports, types included. */
  readonly imports: readonly string[];
}

/** Every TypeScript file below kernel-lib/, in the order of its path. */
export function sources(): Source[] {
  const lib = join(root, 'kernel-lib');
  return readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(lib, name), 'utf8');
      const imports = ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
      return { path: relative(lib, join(lib, name)).split(sep).join('/'), text, imports };
    });
}

/** The folder of kernel-lib/ that a source lies in, or '' for a file at its top. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}
