// What live pages run: the library and its kernel as classic scripts, for a page from a file loads no modules.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** In a page these stand in the place of what needs Node. */
const inPlace = {
  'notebook/plotly/draw.js': 'notebook/live/draw.js',
  'notebook/comments.js': 'notebook/live/comments.js',
  'trace/node/recordings.js': 'notebook/live/recordings.js',
};

/**
 * Writes the scripts of live pages.
 *
 * @param {object} job
 * @param {string} job.dist absolute folder of the built library, where `comments.json` is already
 * @param {string} job.datasets absolute folder of the recordings
 * @param {string} job.pages absolute folder of the sources of what runs in the page itself
 */
export async function buildLive({ dist, datasets, pages }) {
  const assets = join(dist, 'notebook/site/assets');
  await Promise.all([writeWorker(dist, datasets, assets), writeEditor(pages, assets), writeSources(dist, assets)]);
}

/** The worker's script is a text in a script: a page from a file may start no worker but one made of text. @param {string} dist @param {string} datasets @param {string} assets */
async function writeWorker(dist, datasets, assets) {
  const { outputFiles } = await build({
    entryPoints: [join(dist, 'notebook/live/worker.js')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minifySyntax: true,
    minifyWhitespace: true,
    // The names of functions are those of the kernel, and errors show them.
    keepNames: false,
    legalComments: 'none',
    logLevel: 'error',
    alias: { 'node:util': 'node-inspect-extracted' },
    define: {
      FAULTBOOK_COMMENTS: 'globalThis.faultbookComments',
      FAULTBOOK_MANIFEST: 'globalThis.faultbookManifest',
    },
    plugins: [forPages(dist)],
  });
  const given = [
    ['faultbookComments', readFileSync(join(dist, 'comments.json'), 'utf8')],
    ['faultbookManifest', JSON.stringify(JSON.parse(readFileSync(join(datasets, 'manifest.json'), 'utf8')))],
  ].map(([name, json]) => `globalThis.${name}=JSON.parse(${JSON.stringify(json)});`);
  const text = given.join('') + outputFiles[0]?.text;
  writeFileSync(join(assets, 'live-worker.js'), `faultbookLive.worker(${JSON.stringify(text)});\n`);
}

/** @param {string} dist @returns {import('esbuild').Plugin} */
function forPages(dist) {
  const swaps = new Map(Object.entries(inPlace).map(([from, to]) => [join(dist, from), join(dist, to)]));
  return {
    name: 'for-pages',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const to = swaps.get(join(resolveDir, path));
        return to ? { path: to } : undefined;
      });
      // The sources are large and few cells ask for them.
      onLoad({ filter: /[/\\]own[/\\]own-patch\.js$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8').replaceAll(
          `import('./sources.js')`,
          `import('../notebook/live/sources.js').then((module) => module.loadSources())`,
        );
        return { contents };
      });
    },
  };
}

/** @param {string} pages @param {string} assets */
async function writeEditor(pages, assets) {
  await build({
    entryPoints: [join(pages, 'editor.js')],
    outfile: join(assets, 'live-editor.js'),
    bundle: true,
    format: 'iife',
    platform: 'browser',
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
  });
}

/** @param {string} dist @param {string} assets */
async function writeSources(dist, assets) {
  const { sources } = await import(pathToFileURL(join(dist, 'own/sources.js')).href);
  const text = JSON.stringify(JSON.stringify(sources));
  writeFileSync(join(assets, 'live-sources.js'), `faultbookLive.data("sources", ${text});\n`);
}
