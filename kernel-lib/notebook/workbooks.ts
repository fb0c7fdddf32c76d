import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Notebook } from './nbformat.js';
import { readNotebook } from './run/file.js';

/** Where the workbooks lie, solved. */
const folder = fileURLToPath(new URL('../../notebooks', import.meta.url));

/** The library's own workbooks, in their order. */
export function ownWorkbooks(): Notebook[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .sort()
    .map((name) => readNotebook(join(folder, name)));
}
