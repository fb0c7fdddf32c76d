// Searches the workbooks, in the page. The library and the texts are loaded when somebody begins to search.
(() => {
  'use strict';

  const FOUND_AT_MOST = 12;
  const AROUND = 90;

  const box = document.querySelector('#search');
  const list = document.querySelector('#found');
  const status = document.querySelector('#found-count');
  const folder = document.currentScript.src.replace(/[^/]*$/, '');
  let searching;

  /** Classic scripts, for a page from a file may load nothing else. */
  function load(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = folder + name;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${name} cannot be loaded`));
      document.head.append(script);
    });
  }

  const words = (text) => text.split(/\W+/).filter(Boolean);
  const parts = (word) => word.split('_').filter(Boolean);

  async function prepare() {
    let records;
    globalThis.faultbookSearch = (all) => (records = all);
    await Promise.all([load('minisearch.js'), load('search-index.js')]);
    const index = new MiniSearch({
      fields: ['heading', 'workbook', 'text'],
      storeFields: ['at', 'workbook', 'heading', 'text'],
      // Names are found whole and by their parts; asked for are the parts, so that `wp_page` finds `do_wp_page()`.
      tokenize: (text) =>
        words(text).flatMap((word) => (word.includes('_') ? [word, ...parts(word)] : [word])),
      searchOptions: {
        tokenize: (text) => words(text).flatMap(parts),
        boost: { heading: 3, workbook: 2 },
        prefix: true,
        fuzzy: 0.15,
        combineWith: 'AND',
      },
    });
    index.addAll(records);
    return index;
  }

  /** The text around the first place where it has what was asked for, or else one of the words found for that. */
  function excerpt(text, asked, terms) {
    const lower = text.toLowerCase();
    const places = [asked.toLowerCase(), ...terms].map((word) => lower.indexOf(word)).filter((at) => at >= 0);
    const at = places[0] ?? 0;
    const from = Math.max(0, at - AROUND);
    return (from > 0 ? '… ' : '') + text.slice(from, at + AROUND) + (at + AROUND < text.length ? ' …' : '');
  }

  function item({ at, workbook, heading, text, terms }, asked) {
    const link = document.createElement('a');
    link.href = at;
    link.textContent = heading === '' || heading === workbook ? workbook : `${workbook} · ${heading}`;
    const around = document.createElement('p');
    around.textContent = excerpt(text, asked, terms);
    const li = document.createElement('li');
    li.append(link, around);
    return li;
  }

  async function search() {
    const index = await (searching ??= prepare());
    const asked = box.value.trim();
    const found = asked === '' ? [] : index.search(asked);
    list.replaceChildren(...found.slice(0, FOUND_AT_MOST).map((one) => item(one, asked)));
    status.textContent = asked === '' ? '' : found.length === 1 ? '1 place' : `${found.length} places`;
  }

  box.addEventListener('focus', () => (searching ??= prepare()), { once: true });
  box.addEventListener('input', () => search().catch((err) => (status.textContent = err.message)));
  box.form.addEventListener('submit', (event) => {
    event.preventDefault();
    list.querySelector('a')?.click();
  });
})();
