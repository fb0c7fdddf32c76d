import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordingsFolder } from '../../trace/node/recordings.js';
import { ASSETS } from './paths.js';
import type { SiteFile } from './publish.js';

const require = createRequire(import.meta.url);
const own = fileURLToPath(new URL('assets', import.meta.url));

/** Everything that the pages share: style sheets, scripts, fonts. */
export async function assetFiles(): Promise<SiteFile[]> {
  const ownFiles = (await readdir(own))
    .sort()
    .map((name) => ({ path: `${ASSETS}/${name}`, copyOf: join(own, name) }));
  return [
    ...ownFiles,
    {
      path: `${ASSETS}/minisearch.js`,
      copyOf: join(dirname(require.resolve('minisearch')), '../umd/index.js'),
    },
    { path: `${ASSETS}/plotly.min.js`, copyOf: require.resolve('plotly.js-dist-min') },
    ...(await katexFiles()),
    ...(await dataFiles()),
  ];
}

/** KaTeX's style sheet and fonts, in the one font format that every browser reads. */
async function katexFiles(): Promise<SiteFile[]> {
  const dist = dirname(require.resolve('katex/dist/katex.min.css'));
  const fonts = (await readdir(join(dist, 'fonts'))).filter((name) => name.endsWith('.woff2')).sort();
  const css = await readFile(join(dist, 'katex.min.css'), 'utf8');
  return [
    { path: `${ASSETS}/katex.css`, content: css.replace(/,url\([^)]+\.(?:woff|ttf)\) format\("\w+"\)/g, '') },
    ...fonts.map((name) => ({ path: `${ASSETS}/fonts/${name}`, copyOf: join(dist, 'fonts', name) })),
  ];
}

/** The recordings as scripts, for the cells of live pages: a page from a file can load data in no other way. */
async function dataFiles(): Promise<SiteFile[]> {
  const names = (await readdir(recordingsFolder)).filter((name) => name.endsWith('.gz')).sort();
  return Promise.all(
    names.map(async (name) => {
      const content = (await readFile(join(recordingsFolder, name))).toString('base64');
      const file = `recordings/${name}`;
      return { path: `${ASSETS}/data/${file}.js`, content: `faultbookLive.data("${file}", "${content}");\n` };
    }),
  );
}
