import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordingsFrom, type Manifest, type Recordings } from '../recordings.js';
import { textOf } from './recording-file.js';

/** The project's datasets/ folder, from the sources and from dist/ alike. */
const datasets = new URL('../../../datasets/', import.meta.url);

/** Where the recordings lie on disk. */
export const recordingsFolder = fileURLToPath(new URL('recordings/', datasets));

let manifest: Manifest | undefined;

/** The recordings in datasets/, with all that was seen of real kernels. */
export const recordings: Recordings = recordingsFrom({
  manifest: () =>
    (manifest ??= JSON.parse(readFileSync(new URL('manifest.json', datasets), 'utf8')) as Manifest),
  text: (file) => textOf(fileURLToPath(new URL(file, datasets))),
});
