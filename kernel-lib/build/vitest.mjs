// Lets vitest run the sources as either build, without building.
import { existsSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { generated } from './generated.mjs';
import { strip } from './strip.mjs';
import { findTwins, sourceOf, STEPPED } from './twins.mjs';

const QUERY = '?stepped';

/**
 * A plugin under which the sources below `root` are the plain build, with the stepped build behind `#stepped/`; or
 * the stepped build throughout.
 *
 * @param {string} root absolute folder of the sources
 * @param {'fast' | 'stepped'} build
 * @returns {import('vite').Plugin}
 */
export function oneSource(root, build) {
  const twins = findTwins(root);
  const nameOf = (/** @type {string} */ path) => relative(root, path).split(sep).join('/');
  return {
    name: 'faultbook-one-source',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (!importer || !/^(\.|#stepped\/)/.test(specifier)) return undefined;
      const [from, query] = importer.split('?');
      const source = sourceOf(root, from, specifier);
      if (!source?.startsWith(root + sep) || !existsSync(source)) return undefined;
      const wantsStepped = specifier.startsWith(STEPPED) || query === 'stepped';
      const twin = build === 'fast' && wantsStepped && twins.stepped.has(nameOf(source));
      return twin ? source + QUERY : source;
    },
    load(id) {
      const [path, query] = id.split('?');
      if (!path.startsWith(root + sep)) return undefined;
      if (generated[nameOf(path)]) return generated[nameOf(path)](root);
      if (!twins.stepped.has(nameOf(path))) return undefined;
      if (build === 'stepped' || query === 'stepped') return readFileSync(path, 'utf8');
      const origin = twins.replaced.has(nameOf(path)) ? path.replace(/\.ts$/, '.fast.ts') : path;
      return strip(readFileSync(origin, 'utf8'), origin);
    },
  };
}
