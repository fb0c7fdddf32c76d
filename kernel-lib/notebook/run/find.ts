import { readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { InputError } from '../../base/error.js';

/** A notebook to run. */
export interface Source {
  /** Its path as the user would write it. */
  readonly path: string;
  /** Where it goes below the output folder, with forward slashes. */
  readonly target: string;
}

/**
 * The notebooks that `paths` name: files as they are, folders with all that lies below them. Hidden folders (such as
 * Jupyter's checkpoints) and node_modules are passed over.
 *
 * @throws InputError for a missing path, a file of another kind, a folder without notebooks, or two with one target
 */
export function findNotebooks(paths: readonly string[]): Source[] {
  const sources = new Map<string, Source>();
  for (const source of paths.flatMap(sourcesAt)) {
    const other = sources.get(source.target);
    if (other && resolve(other.path) !== resolve(source.path)) {
      throw new InputError(
        `${source.path}: would be written over the result of ${other.path}; run them into different folders (--out)`,
      );
    }
    sources.set(source.target, source);
  }
  return [...sources.values()];
}

function sourcesAt(path: string): Source[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats)
    throw new InputError(`${path}: no such file or folder; give notebooks (.ipynb) or folders of them`);
  if (!stats.isDirectory()) {
    if (!path.endsWith('.ipynb'))
      throw new InputError(`${path}: not a notebook: its name must end in .ipynb`);
    return [{ path, target: basename(path) }];
  }
  const found = below(path).map((file) => ({
    path: file,
    target: relative(path, file).split(sep).join('/'),
  }));
  if (found.length === 0) throw new InputError(`${path}: no notebook (.ipynb) in this folder`);
  return found;
}

function below(dir: string): string[] {
  return entriesOf(dir)
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return below(path);
      return entry.name.endsWith('.ipynb') ? [path] : [];
    });
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (err) {
    throw new InputError(`${dir}: cannot be read (${(err as NodeJS.ErrnoException).code})`);
  }
}
