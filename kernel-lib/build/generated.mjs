// Sources that the build writes itself, from the others.
import { CITATIONS, citationsSource } from './citations.mjs';
import { SOURCES, sourcesSource } from './sources.mjs';

/** By path: what gives the text from the absolute folder of the sources. @type {Record<string, (root: string) => string>} */
export const generated = { [CITATIONS]: citationsSource, [SOURCES]: sourcesSource };
