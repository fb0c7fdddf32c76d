import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file to write: what it holds, or of which file it is a copy. */
export type SiteFile =
  { readonly path: string; readonly content: string } | { readonly path: string; readonly copyOf: string };

/** Names the files of the site as it was written last, so that the next one can take away what it no longer has. */
const LIST = '.faultbook-site.json';

/**
 * Puts files below a folder, each in one step: a reader finds the old file or the new one, never a part. Files of the
 * last time that are gone now are removed; all others in the folder are left alone.
 */
export async function publish(files: readonly SiteFile[], outDir: string): Promise<void> {
  const before = await listedFiles(outDir);
  for (const file of files) await replace(file, outDir);
  const now = files.map(({ path }) => path);
  for (const path of before.filter((path) => !now.includes(path)))
    await rm(join(outDir, path), { force: true });
  await replace({ path: LIST, content: JSON.stringify(now.sort(), null, 1) + '\n' }, outDir);
}

async function replace(file: SiteFile, outDir: string): Promise<void> {
  const target = join(outDir, file.path);
  const temporary = `${target}.${process.pid}.tmp`;
  await mkdir(dirname(target), { recursive: true });
  try {
    if ('content' in file) await writeFile(temporary, file.content);
    else await copyFile(file.copyOf, temporary);
    await rename(temporary, target);
  } catch (err) {
    await rm(temporary, { force: true });
    throw err;
  }
}

/** The files of the last time. A list that is missing or damaged, or names files elsewhere, is not followed. */
async function listedFiles(outDir: string): Promise<string[]> {
  try {
    const list: unknown = JSON.parse(await readFile(join(outDir, LIST), 'utf8'));
    if (!Array.isArray(list)) return [];
    return list.filter(
      (path) => typeof path === 'string' && !path.startsWith('/') && !path.split(/[\\/]/).includes('..'),
    );
  } catch {
    return [];
  }
}
