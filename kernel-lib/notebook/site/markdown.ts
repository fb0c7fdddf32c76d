import katex from 'katex';
import MarkdownIt, { type MarkdownIt as Parser, type MarkdownItOptions, type Token } from 'markdown-it';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import type { MimeBundle, TextCell } from '../nbformat.js';
import { imageSource } from './images.js';
import type { Highlight } from './highlight.js';
import { href, pagePath } from './paths.js';

type Plugin = (md: Parser, options: object) => void;

// Required, for the plugin is CommonJS with a default export, which Node and bundlers import in different ways.
const { default: mathPlugin } = createRequire(import.meta.url)('@vscode/markdown-it-katex') as {
  default: Plugin;
};

/** What one text cell needs to know of its surroundings. */
export interface MarkdownPlace {
  /** The notebook's path below the site's folder. */
  readonly notebook: string;
  /** All notebooks of the site: links to them become links to their pages. */
  readonly notebooks: ReadonlySet<string>;
  readonly attachments: TextCell['attachments'];
}

/** Turns Markdown into HTML. HTML inside Markdown is kept: a notebook's author may run code here anyway. */
export type Markdown = (source: string, place: MarkdownPlace) => string;

export function markdownRenderer(highlight: Highlight): Markdown {
  const md = newMarkdown({ highlight: (code, language) => highlight(code, language || 'text') });
  return (source, place) => {
    const env = {};
    const tokens = md.parse(source, env);
    for (const token of tokens) {
      for (const child of token.children ?? []) resolveAddress(child, place);
    }
    nameHeadings(tokens);
    return md.renderer.render(tokens, md.options, env);
  };
}

/** What a workbook calls itself and says first. */
export interface Abstract {
  readonly title: string | undefined;
  readonly firstSentence: string | undefined;
}

/** The first heading, and the first sentence of the first paragraph, as plain text. */
export function abstractOf(source: string): Abstract {
  const tokens = newMarkdown({}).parse(source, {});
  const after = (type: string): string | undefined => {
    const at = tokens.findIndex((token) => token.type === type);
    return at < 0 ? undefined : plainText(tokens[at + 1]!.children ?? []);
  };
  const paragraph = after('paragraph_open');
  return {
    title: after('heading_open'),
    firstSentence: paragraph && /^.*?[.!?](?=\s|$)|^.*/s.exec(paragraph)![0],
  };
}

/** A part of a text: what stands under one heading, as plain text. */
export interface Section {
  /** The heading, empty before the first one. */
  readonly heading: string;
  /** The heading's name in the page. */
  readonly anchor: string;
  readonly text: string;
}

/** Takes a text apart at its headings. */
export function sectionsOf(source: string): Section[] {
  const sections: { heading: string; anchor: string; text: string }[] = [
    { heading: '', anchor: '', text: '' },
  ];
  let inHeading = false;
  for (const token of newMarkdown({}).parse(source, {})) {
    if (token.type === 'heading_open') inHeading = true;
    else if (token.type === 'heading_close') inHeading = false;
    else if (inHeading) {
      const heading = plainText(token.children ?? []);
      sections.push({ heading, anchor: headingName(heading), text: '' });
    } else if (token.type !== 'html_block')
      sections.at(-1)!.text += ` ${token.children ? plainText(token.children) : token.content}`;
  }
  return sections;
}

function newMarkdown(options: MarkdownItOptions): Parser {
  const md = new MarkdownIt({ html: true, linkify: false, ...options });
  // A wide table scrolls, by the keyboard too.
  md.renderer.rules['table_open'] = () => '<table tabindex="0">';
  // The plugin brings an older KaTeX along, whose output does not fit our style sheet.
  return md.use(mathPlugin, { katex, throwOnError: false, enableFencedBlocks: true });
}

function plainText(tokens: readonly Token[]): string {
  return tokens
    .map(({ type, content }) => (type === 'softbreak' ? ' ' : type === 'html_inline' ? '' : content))
    .join('');
}

/** Headings get the names that JupyterLab gives them, so that a link works in both. */
function nameHeadings(tokens: readonly Token[]): void {
  tokens.forEach((token, i) => {
    if (token.type === 'heading_open')
      token.attrSet('id', headingName(plainText(tokens[i + 1]!.children ?? [])));
  });
}

function headingName(heading: string): string {
  return heading.replaceAll(' ', '-');
}

function resolveAddress(token: Token, place: MarkdownPlace): void {
  if (token.type === 'link_open') token.attrSet('href', pageLink(String(token.attrGet('href')), place));
  if (token.type === 'image')
    token.attrSet('src', attachment(String(token.attrGet('src')), place.attachments));
}

function pageLink(address: string, { notebook, notebooks }: MarkdownPlace): string {
  const [path = '', fragment] = address.split('#', 2);
  const target = posix.join(posix.dirname(notebook), decodeURI(path));
  if (!notebooks.has(target)) return address;
  return href(pagePath(notebook), pagePath(target)) + (fragment === undefined ? '' : `#${fragment}`);
}

function attachment(address: string, attachments: TextCell['attachments']): string {
  const bundle: MimeBundle | undefined = attachments?.[decodeURI(address.replace(/^attachment:/, ''))];
  return (address.startsWith('attachment:') && bundle && imageSource(bundle)) || address;
}
