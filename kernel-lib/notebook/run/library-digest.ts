import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a cell can see of the library: its code and types, and its data. */
const SEEN = ['dist', 'datasets', 'package.json', 'package-lock.json'];

let digest: string | undefined;

/**
 * A digest of everything but the cells that decides what a notebook shows: the built library, its datasets, the packages
 * it stands on, and the version of Node. Computed once for a process.
 */
export function libraryDigest(): string {
  return (digest ??= computed());
}

function computed(): string {
  const hash = createHash('sha256').update(process.version);
  for (const name of SEEN) addFile(hash, name);
  return hash.digest('hex');
}

function addFile(hash: ReturnType<typeof createHash>, name: string): void {
  const path = join(root, name);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR') throw err;
    // Notes of the build about itself begin with a dot.
    for (const entry of readdirSync(path).sort())
      if (!entry.startsWith('.')) addFile(hash, join(name, entry));
    return;
  }
  hash.update(`${name}\0${content.length}\0`).update(content);
}
