import { gunzipSync, strFromU8 } from 'fflate';
import { type Manifest, type Recordings, recordingsFrom } from '../../trace/recordings.js';
import { load } from './load.js';

/** datasets/manifest.json, put in by the build. */
declare const FAULTBOOK_MANIFEST: Manifest;

/** The same recordings as on Node, from scripts that the page loads when a cell asks for them. */
export const recordings: Recordings = recordingsFrom({
  manifest: () => FAULTBOOK_MANIFEST,
  text: (file) => textOf(file),
});

async function* textOf(file: string): AsyncGenerator<string, void, void> {
  const gzip = Uint8Array.from(atob(await load(file)), (char) => char.charCodeAt(0));
  yield strFromU8(gunzipSync(gzip));
}
