import type { Source } from '../../own/sources.js';
import { load } from './load.js';

/** The library's sources, for kernels with a patch of one's own. */
export async function loadSources(): Promise<{ readonly sources: Readonly<Record<string, Source>> }> {
  return { sources: JSON.parse(await load('sources')) as Readonly<Record<string, Source>> };
}
