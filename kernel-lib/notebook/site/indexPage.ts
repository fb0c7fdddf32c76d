import { escapeHtml } from '../../view/html.js';
import { documentHtml } from './document.js';
import type { Entry } from './entry.js';
import { href } from './paths.js';

const LEAD = 'Linux memory management that you can run, cell by cell.';

/** Without scripts there is nothing to search with, and no field for it. */
const SEARCH = `<form class="search" role="search">
<label for="search">Search the workbooks</label>
<input type="search" id="search" autocomplete="off" spellcheck="false" placeholder="do_wp_page, markers, swapoff …">
<p id="found-count" role="status"></p>
</form>
<ol id="found" aria-label="Places found"></ol>
`;

/** The first page of the site. */
export function indexHtml(entries: readonly Entry[]): string {
  const path = 'index.html';
  const items = entries.map(({ page, name, title, firstSentence, trouble }) => {
    const text = escapeHtml(title);
    const heading = page === undefined ? text : `<a href="${href(path, page)}">${text}</a>`;
    const lines = [
      `<h2>${heading}</h2>`,
      name !== title && `<p class="name"><code>${escapeHtml(name)}</code></p>`,
      firstSentence && `<p>${escapeHtml(firstSentence)}</p>`,
      trouble && `<p class="trouble">${escapeHtml(trouble)}</p>`,
    ];
    return `<li>${lines.filter((line) => line).join('')}</li>`;
  });
  return documentHtml({
    path,
    title: 'Faultbook',
    description: LEAD,
    needs: { plotly: false, maths: false, search: entries.length > 0 },
    main:
      `<h1>Faultbook</h1>\n<p class="lead">${LEAD}</p>\n` +
      (items.length === 0
        ? '<p>There are no workbooks yet.</p>'
        : `${SEARCH}<ol class="workbooks">\n${items.join('\n')}\n</ol>`),
    above: '',
    below: '',
  });
}
