import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutputDifference, firstDifference } from './compare.js';
import { readNotebook } from './file.js';
import { type RunOptions, type RunResult, runNotebooks } from './run.js';

/** Where the outputs of a notebook are no longer what its file says. */
export interface Changed extends OutputDifference {
  readonly path: string;
}

/**
 * Runs notebooks as {@link runNotebooks} does, writes nothing, and compares what they show with what their files say.
 *
 * @returns the result of the run, and the first difference in each notebook that has one
 * @throws as runNotebooks()
 */
export async function checkNotebooks(
  options: Omit<RunOptions, 'outDir' | 'fresh'>,
): Promise<RunResult & { readonly changed: readonly Changed[] }> {
  const outDir = await mkdtemp(join(tmpdir(), 'faultbook-check-'));
  try {
    const result = await runNotebooks({ ...options, outDir, fresh: true });
    const changed = result.notebooks.flatMap(({ path, target }): Changed[] => {
      const difference = firstDifference(readNotebook(path), readNotebook(join(outDir, target)));
      return difference ? [{ path, ...difference }] : [];
    });
    return { ...result, changed };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}
