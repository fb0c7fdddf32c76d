import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { Notebook } from '../../kernel-lib/notebook/nbformat.js';
import type * as Site from '../../kernel-lib/notebook/site/site.js';
import { launchBrowser } from '../browser.js';

const notebooks = fileURLToPath(new URL('../../notebooks/', import.meta.url));
const built = new URL('../../dist/notebook/site/site.js', import.meta.url);

/** Quick ones, with and without recordings; the others are opened under FAULTBOOK_SLOW. */
const quick = ['00-first-fault', '07-architecture-atlas'];

/** The names of all workbooks, and whether a test should take its time for each. */
export const workbooks = (await readdir(notebooks))
  .filter((name) => name.endsWith('.ipynb'))
  .sort()
  .map((path) => path.replace('.ipynb', ''))
  .map((name) => ({ name, skipped: !quick.includes(name) && !process.env.FAULTBOOK_SLOW }));

export async function notebookNamed(name: string): Promise<Notebook> {
  return JSON.parse(await readFile(join(notebooks, `${name}.ipynb`), 'utf8')) as Notebook;
}

/** Writes the site of the committed workbooks as it is built: bundles of the library exist only there. */
async function writeBuiltSite(): Promise<string> {
  const site = await mkdtemp(join(tmpdir(), 'faultbook-pages-'));
  const { writeSite } = (await import(built.href)) as typeof Site;
  const pages = workbooks.map(async ({ name }) => ({
    path: `${name}.ipynb`,
    notebook: await notebookNamed(name),
  }));
  await writeSite(await Promise.all(pages), site);
  return site;
}

/** The built site in a browser that has no network. */
export interface OpenedSite {
  newPage(options?: BrowserContextOptions): Promise<Page>;
  /** @param name of a page: `index` */
  urlOf(name: string): string;
}

/** Writes the built site before the tests of the block that calls this, and takes it away after them. */
export function openBuiltSite(): OpenedSite {
  let browser: Browser | undefined;
  let site: string;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launchBrowser(), writeBuiltSite()]);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(site, { recursive: true, force: true });
  });
  return {
    newPage: async (options = {}) => (await browser!.newContext({ ...options, offline: true })).newPage(),
    urlOf: (name) => pathToFileURL(join(site, `${name}.html`)).href,
  };
}
