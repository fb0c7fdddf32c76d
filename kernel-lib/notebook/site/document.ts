import { escapeHtml } from '../../view/html.js';
import { ASSETS, href } from './paths.js';

/** The frame around every page. */
export interface Document {
  /** The page's path below the site's folder. */
  readonly path: string;
  readonly title: string;
  readonly description: string | undefined;
  /** What the page's body needs beside the style sheet; a page pays only for what it shows. */
  readonly needs: {
    readonly plotly: boolean;
    readonly maths: boolean;
    readonly search?: boolean;
    readonly live?: boolean;
    /** Names of the scripts of its widgets; absent: it shows none. */
    readonly widgets?: readonly string[];
  };
  readonly main: string;
  /** Where to go from here: briefly above the text, in full below it. */
  readonly above: string;
  readonly below: string;
}

const SITE = 'Faultbook';

/** A whole page. Scripts are classic ones, for modules do not load from `file://`. */
export function documentHtml({ path, title, description, needs, main, above, below }: Document): string {
  const asset = (name: string): string => href(path, `${ASSETS}/${name}`);
  const head = [
    `<meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<meta name="color-scheme" content="light dark">`,
    `<title>${escapeHtml(title === SITE ? SITE : `${title} · ${SITE}`)}</title>`,
    description && `<meta name="description" content="${escapeHtml(description)}">`,
    `<link rel="icon" href="${asset('icon.svg')}">`,
    `<link rel="stylesheet" href="${asset('site.css')}">`,
    (needs.widgets ?? needs.live) && `<link rel="stylesheet" href="${asset('widgets.css')}">`,
    needs.maths && `<link rel="stylesheet" href="${asset('katex.css')}">`,
    `<script>document.documentElement.className = 'scripts';</script>`,
    needs.plotly && `<script defer src="${asset('plotly.min.js')}"></script>`,
    needs.plotly && `<script defer src="${asset('figures.js')}"></script>`,
    ...(needs.widgets ?? []).map((name) => `<script defer src="${asset(`widget-${name}.js`)}"></script>`),
    needs.live && `<script defer src="${asset('live.js')}"></script>`,
    needs.search && `<script defer src="${asset('search.js')}"></script>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
${head.filter((line) => line).join('\n')}
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><a class="home" href="${href(path, 'index.html')}">${SITE}</a>${above}</header>
<main id="main">
${main}
</main>
${below && `<footer>${below}</footer>\n`}</body>
</html>
`;
}
