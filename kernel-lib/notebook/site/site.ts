import type { Notebook } from '../nbformat.js';
import { notebookText } from '../nbformat-text.js';
import { hasExercises, studentEdition, withoutSolutions } from '../student-edition.js';
import { assetFiles } from './assets.js';
import { loadHighlight } from './highlight.js';
import { markdownRenderer } from './markdown.js';
import { entryOf, type SitePage } from './entry.js';
import { indexHtml } from './indexPage.js';
import { type Searched, searchIndexScript } from './searchIndex.js';
import { workbookHtml } from './workbookPage.js';
import { ASSETS, pagePath, studentPath } from './paths.js';
import { publish, type SiteFile } from './publish.js';

export type { SitePage } from './entry.js';

/**
 * Writes a static site: a page for each workbook in the given order, and an index. It needs no server and no network.
 * Pages show exercises unsolved, and offer the workbook as a notebook in the same state.
 * The same pages give the same bytes. Files that are not the site's, such as the notebooks themselves, are left alone.
 *
 * @param outDir the site's folder; made if need be
 * @throws Error when a page cannot be made; then nothing was written
 */
export async function writeSite(pages: readonly SitePage[], outDir: string): Promise<void> {
  const highlight = await loadHighlight();
  const markdown = markdownRenderer(highlight);
  const withPage = pages.filter(
    (page): page is SitePage & { notebook: Notebook } => page.notebook !== undefined,
  );
  const notebooks = new Set(withPage.map(({ path }) => path));
  const entries = pages.map(entryOf);
  const files: SiteFile[] = await assetFiles();
  const searched: Searched[] = [];
  for (const page of withPage) {
    const unsolved = { ...page, notebook: withoutSolutions(page.notebook) };
    const content = await workbookHtml(unsolved, entries, {
      highlight,
      markdown,
      notebook: page.path,
      notebooks,
    });
    files.push({ path: pagePath(page.path), content });
    const { title } = entryOf(unsolved);
    searched.push({ page: pagePath(page.path), title, notebook: unsolved.notebook });
    if (hasExercises(page.notebook))
      files.push({ path: studentPath(page.path), content: notebookText(studentEdition(page.notebook)) });
  }
  files.push({ path: `${ASSETS}/search-index.js`, content: searchIndexScript(searched) });
  // Last, so that a reader never meets a link to a page that is not there yet.
  files.push({ path: 'index.html', content: indexHtml(entries) });
  await publish(files, outDir);
}
