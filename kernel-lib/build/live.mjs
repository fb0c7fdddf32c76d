// What live pages run: the library and its kernel as classic scripts, for a page from a file loads no modules.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const ENTRY = 'notebook/live/worker.js';

/** In a page these stand in the place of what needs Node. */
const inPlace = {
  'notebook/plotly/drawing.js': 'notebook/live/drawing.js',
  'notebook/comments.js': 'notebook/live/comments.js',
  'notebook/widget-files.js': 'notebook/live/widget-files.js',
  'trace/node/recordings.js': 'notebook/live/recordings.js',
};

/**
 * Writes the scripts of live pages.
 *
 * @param {object} job
 * @param {string} job.dist absolute folder of the built library, where `comments.json` is already
 * @param {string} job.datasets absolute folder of the recordings
 * @param {string} job.pages absolute folder of the sources of what runs in the page itself: `live/` and `widgets/`
 */
export async function buildLive({ dist, datasets, pages }) {
  const assets = join(dist, 'notebook/site/assets');
  await Promise.all([
    writeWorker(dist, datasets, assets),
    writeEditor(pages, assets),
    ...widgetsIn(pages).map((name) => writeWidget(name, dist, pages, assets)),
    writeSources(dist, assets),
  ]);
}

/**
 * The worker's script is a text in a script: a page from a file may start no worker but one made of text. In it, every
 * file of the library is a script of its own under its own name, for the explorer reads names of functions and files
 * from the stack.
 *
 * @param {string} dist @param {string} datasets @param {string} assets
 */
async function writeWorker(dist, datasets, assets) {
  const graph = await graphOf(dist);
  const modules = await Promise.all(
    [...graph.files].map(async ([path, imports]) => [path, { imports, text: await scriptOf(dist, path) }]),
  );
  const parts = [
    given('faultbookComments', readFileSync(join(dist, 'comments.json'), 'utf8')),
    given('faultbookManifest', readFileSync(join(datasets, 'manifest.json'), 'utf8')),
    await packagesScript(graph.packages),
    `(${start})(${JSON.stringify(Object.fromEntries(modules))},${JSON.stringify(ENTRY)});`,
  ];
  writeFileSync(
    join(assets, 'live-worker.js'),
    `faultbookLive.worker(${JSON.stringify(parts.join('\n'))});\n`,
  );
}

/** Runs in the worker: evaluates the files, each when it is first asked for. */
const start = `(modules, entry) => {
  const loaded = {};
  const load = (path) => {
    if (loaded[path]) return loaded[path].exports;
    const module = (loaded[path] = { exports: {} });
    const { imports, text } = modules[path];
    const require = (name) => (imports[name] === undefined ? faultbookPackages[name] : load(imports[name]));
    new Function('module', 'exports', 'require', text + '\\n//# sourceURL=faultbook/' + path)(module, module.exports, require);
    return module.exports;
  };
  load(entry);
}`;

/** @param {string} name @param {string} json */
function given(name, json) {
  return `globalThis.${name}=JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(json)))});`;
}

/**
 * What the worker is made of.
 *
 * @param {string} dist
 * @returns {Promise<{ files: Map<string, Record<string, string>>, packages: Set<string> }>} by file below dist/ the
 *   files that it imports, by the names under which it does; and the names of packages
 */
async function graphOf(dist) {
  const { metafile } = await build({
    entryPoints: [join(dist, ENTRY)],
    absWorkingDir: dist,
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    format: 'esm',
    logLevel: 'error',
    plugins: [forPages(dist)],
  });
  const files = new Map();
  const packages = new Set();
  for (const [path, { imports }] of Object.entries(metafile.inputs)) {
    const inside = imports.filter(({ external }) => !external);
    files.set(path, Object.fromEntries(inside.map(({ path, original }) => [original ?? path, path])));
    for (const { path } of imports.filter(({ external }) => external)) packages.add(path);
  }
  return { files, packages };
}

/** @param {string} dist @param {string} path */
async function scriptOf(dist, path) {
  const { code } = await transform(sourceText(join(dist, path)), {
    format: 'cjs',
    target: 'es2022',
    minifyWhitespace: true,
    supported: { 'dynamic-import': false },
    define: { FAULTBOOK_COMMENTS: 'faultbookComments', FAULTBOOK_MANIFEST: 'faultbookManifest' },
  });
  return code;
}

/** @param {Iterable<string>} names */
async function packagesScript(names) {
  const getters = [...names].map(
    (name) => `get ${JSON.stringify(name)}() { return require(${JSON.stringify(name)}); }`,
  );
  const { outputFiles } = await build({
    stdin: { contents: `globalThis.faultbookPackages = { ${getters.join(', ')} };`, resolveDir: here },
    ...inPage,
    write: false,
    alias: { 'node:util': 'node-inspect-extracted' },
  });
  return outputFiles[0]?.text ?? '';
}

/** The sources are large and few cells ask for them. @param {string} path */
function sourceText(path) {
  return readFileSync(path, 'utf8').replaceAll(
    `import('./sources.js')`,
    `import('../notebook/live/sources.js').then((module) => module.loadSources())`,
  );
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
      onLoad({ filter: /[/\\]own[/\\]own-patch\.js$/ }, ({ path }) => ({ contents: sourceText(path) }));
    },
  };
}

/** @type {import('esbuild').BuildOptions} */
const inPage = {
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
};

/** Names of the widgets that have a script. @param {string} pages */
function widgetsIn(pages) {
  const files = readdirSync(join(pages, 'widgets'));
  return files.filter((file) => file !== 'alive.js').map((file) => file.replace('.js', ''));
}

/**
 * A widget's script, with what it uses of the built library.
 *
 * @param {string} name @param {string} dist @param {string} pages @param {string} assets
 */
async function writeWidget(name, dist, pages, assets) {
  await build({
    ...inPage,
    entryPoints: [join(pages, `widgets/${name}.js`)],
    outfile: join(assets, `widget-${name}.js`),
    plugins: [fromLibrary(pages, dist)],
  });
}

/** What a script names beside its own folder is taken as it was built. @param {string} pages @param {string} dist @returns {import('esbuild').Plugin} */
function fromLibrary(pages, dist) {
  const root = join(pages, '../..');
  return {
    name: 'from-library',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\// }, ({ path, resolveDir }) =>
        resolveDir.startsWith(pages)
          ? { path: join(dist, relative(root, join(resolveDir, path))) }
          : undefined,
      );
    },
  };
}

/** @param {string} pages @param {string} assets */
async function writeEditor(pages, assets) {
  await build({
    ...inPage,
    entryPoints: [join(pages, 'live/editor.js')],
    outfile: join(assets, 'live-editor.js'),
  });
}

/** @param {string} dist @param {string} assets */
async function writeSources(dist, assets) {
  const { sources } = await import(pathToFileURL(join(dist, 'own/sources.js')).href);
  const text = JSON.stringify(JSON.stringify(sources));
  writeFileSync(join(assets, 'live-sources.js'), `faultbookLive.data("sources", ${text});\n`);
}
