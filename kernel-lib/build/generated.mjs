// Sources that the build writes itself, from the others.
import { BENCHMARK, benchmarkSource } from './benchmark.mjs';
import { CALL_SITES, callSitesSource } from './call-sites.mjs';
import { CITATIONS, citationsSource } from './citations.mjs';
import { SOURCES, sourcesSource } from './sources.mjs';

/** By path: what gives the text from the absolute folder of the sources. @type {Record<string, (root: string) => string>} */
export const generated = {
  [BENCHMARK]: benchmarkSource,
  [CALL_SITES]: callSitesSource,
  [CITATIONS]: citationsSource,
  [SOURCES]: sourcesSource,
};
