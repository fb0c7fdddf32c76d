import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { view } from '../../../kernel-lib/index.js';
import type { Cell } from '../../../kernel-lib/notebook/nbformat.js';
import { writeSite } from '../../../kernel-lib/notebook/site/site.js';
import { PLOTLY_MIME } from '../../../kernel-lib/view/figure.js';
import { code, failure, fixturePages, notebook, printed, shown, text } from './fixture.js';

let out: string;

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'faultbook-site-'));
});

afterEach(() => rm(out, { recursive: true, force: true }));

/** The text of one cell's part of a page that holds nothing else. */
async function pageOf(...cells: Cell[]): Promise<string> {
  await writeSite([{ path: 'page.ipynb', notebook: notebook(cells) }], out);
  return readFile(join(out, 'page.html'), 'utf8');
}

/** What each file below a folder holds, as a digest. */
async function digests(dir: string): Promise<[path: string, sha256: string][]> {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  return Promise.all(
    paths.map(async (path) => [
      path.slice(dir.length),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]),
  );
}

test('the same workbooks give the same bytes, in this process and in a fresh one', async () => {
  const pages = await fixturePages();
  // Both as they are built: the scripts of live pages come from there alone.
  const built = (await import(new URL('../../../dist/notebook/site/site.js', import.meta.url).href)) as {
    readonly writeSite: typeof writeSite;
  };
  await built.writeSite(pages, join(out, 'here'));
  const script = `
    import { writeSite } from './dist/notebook/site/site.js';
    import { text } from 'node:stream/consumers';
    await writeSite(JSON.parse(await text(process.stdin)), process.argv[1]);`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(out, 'there')], {
    input: JSON.stringify(pages),
  });
  expect(stderr.toString()).toBe('');
  expect(await digests(join(out, 'there'))).toEqual(await digests(join(out, 'here')));
});

test('the index names every workbook and its file with its first sentence, and what went wrong', async () => {
  await writeSite(await fixturePages(), out);
  const index = await readFile(join(out, 'index.html'), 'utf8');
  expect(index).toContain(
    '<a href="01-cow.html">Who copies the page?</a></h2>' +
      '<p class="name"><code>01-cow</code></p><p>After fork nobody does.</p></li>',
  );
  expect(index).toContain('<p class="trouble">1 cell failed</p>');
  expect(index).toContain('<h2>03-absent</h2><p class="trouble">the kernel did not start: no such file</p>');
  expect(Buffer.byteLength(index)).toBeLessThan(10_000);
});

test('text that a program prints cannot become markup', async () => {
  const html = await pageOf(code('c1', 'x < "y"', [printed('<script>bad()</script>\n'), failure]));
  expect(html).not.toContain('<script>bad');
  expect(html).toContain('&lt;script&gt;bad()&lt;/script&gt;');
  expect(html).toContain('(reading &#39;&lt;pte&gt;&#39;)');
});

test('a title cannot become markup, on its page, its neighbours and the index', async () => {
  const title = '</title><script>bad()</script>';
  const pages = ['a', 'b'].map((name) => ({ path: `${name}.ipynb`, notebook: notebook([], { title }) }));
  await writeSite([...pages, { path: 'c.ipynb', problem: '<img src=x>' }], out);
  for (const name of ['a.html', 'b.html', 'index.html']) {
    expect(await readFile(join(out, name), 'utf8')).not.toMatch(/<script>bad|<img/);
  }
});

test('a picture in SVG is shown as an image, where its scripts do not run', async () => {
  const html = await pageOf(
    code('c1', '', [shown({ 'image/svg+xml': '<svg onload="bad()"/>', 'text/plain': 'A walk' })]),
  );
  expect(html).toMatch(/<img src="data:image\/svg\+xml;base64,[\w+/=]+" alt="A walk">/);
  expect(html).not.toContain('onload');
});

test('of several forms the page shows the first in order of preference', async () => {
  const bundle = {
    'text/plain': 'plain form',
    'application/json': {},
    'text/html': '<b>rich form</b>',
    'image/png': 'AAAA',
  };
  const html = await pageOf(code('c1', '', [shown(bundle)]));
  expect(html).toContain('<div class="output html" tabindex="0"><b>rich form</b></div>');
  expect(html).not.toContain('plain form');
  expect(html).not.toContain('AAAA');
});

test('a form that no page can show leaves nothing behind', async () => {
  const html = await pageOf(code('c1', '', [shown({ 'application/x-unknown': 'secret' })]));
  expect(html).not.toContain('secret');
  expect(html).not.toContain('class="outputs"');
});

test('a figure that comes with HTML of another library is drawn anew, without the net', async () => {
  const figure = view.bars([{ op: 'fork', nr: 3 }], { x: 'op', y: 'nr', title: 'Faults' });
  const html = await pageOf(
    code('c1', '', [
      shown({ [PLOTLY_MIME]: figure.plotly, 'text/html': '<script src="https://cdn.example/plotly.js">' }),
    ]),
  );
  expect(html).not.toContain('cdn.example');
  expect(html).toContain('<svg');
  expect(html.match(/plotly\.min\.js/g)).toHaveLength(1);
});

test('terminal output loses its colours and shows the last state of a rewritten line', async () => {
  const html = await pageOf(code('c1', '', [printed('\u001b[32mok\u001b[0m\n10%\r50%\r100%\ndone\r\n')]));
  expect(html).toContain('<pre tabindex="0">ok\n100%\ndone\n</pre>');
});

test('a long output is cut on the page, which says by how much', async () => {
  const html = await pageOf(code('c1', '', [printed('x'.repeat(100_007))]));
  expect(html).toContain('… 7 more characters are in the notebook.');
  expect(html.length).toBeLessThan(110_000);
});

test('an expected error is shown but does not count as a failure', async () => {
  const html = await pageOf(code('c1', 'throw 1', [failure], ['raises-exception']));
  expect(html).toContain('class="output error"');
  expect(html).not.toContain('Not every cell');
});

test('links between notebooks lead to their pages, other links stay', async () => {
  const links = text(
    'a',
    '# A\n\n[b](../b%20c.ipynb#Why) [gone](gone.ipynb) [web](https://kernel.org/a.ipynb)',
  );
  await writeSite(
    [
      { path: 'part/a.ipynb', notebook: notebook([links]) },
      { path: 'b c.ipynb', notebook: notebook([text('b', '# B')]) },
    ],
    out,
  );
  const html = await readFile(join(out, 'part', 'a.html'), 'utf8');
  expect(html).toContain('<a href="../b%20c.html#Why">b</a>');
  expect(html).toContain('<a href="gone.ipynb">gone</a>');
  expect(html).toContain('<a href="https://kernel.org/a.ipynb">web</a>');
  expect(html).toContain('href="../assets/site.css"');
  expect(html).toContain('<a rel="next" href="../b%20c.html">');
});

test('a picture attached to a text cell is shown from the notebook', async () => {
  const cell = {
    ...text('a', '![walk](attachment:walk.png)'),
    attachments: { 'walk.png': { 'image/png': 'iVBORw0K\n' } },
  };
  expect(await pageOf(cell as Cell)).toContain('<img src="data:image/png;base64,iVBORw0K" alt="walk">');
});

test('maths is set, and only pages with maths ask for its style sheet', async () => {
  expect(await pageOf(text('a', 'A page has $2^{12}$ bytes.'))).toMatch(
    /<math[^]*katex\.css|katex\.css[^]*<math/,
  );
  expect(await pageOf(text('a', 'No maths for $5 and $6.'))).not.toContain('katex');
});

test('broken maths shows its source instead of failing the site', async () => {
  expect(await pageOf(text('a', '$\\frac{1}$ and more'))).toMatch(/katex-error/);
});

test('code carries the colours of light and dark pages', async () => {
  const html = await pageOf(code('c1', 'const page = 1;'));
  expect(html).toMatch(/--shiki-light:#[0-9A-F]+;--shiki-dark:#[0-9A-F]+/i);
});

test('code in an unknown language is shown as it is', async () => {
  expect(await pageOf(text('a', '```brainfuck\n<+>\n```'))).toContain('&lt;+&gt;');
});

test('a workbook without a heading is named by its file, one named index keeps clear of the index', async () => {
  await writeSite([{ path: 'index.ipynb', notebook: notebook([text('a', 'Just text.')]) }], out);
  expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('<a href="index.ipynb.html">index</a>');
  expect(await readFile(join(out, 'index.ipynb.html'), 'utf8')).toContain('<h1>index</h1>');
});

test('pages of the last time go, files of others stay, and nothing temporary is left', async () => {
  await writeFile(join(out, 'mine.ipynb'), '{}');
  await writeSite(await fixturePages(), out);
  await writeSite((await fixturePages()).slice(1), out);
  const names = await readdir(out, { recursive: true });
  expect(names).not.toContain('00-first-fault.html');
  expect(names).toContain('mine.ipynb');
  expect(names).toContain('01-cow.html');
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a damaged or malicious list of files removes nothing outside the site', async () => {
  const precious = join(out, 'precious.txt');
  const site = join(out, 'site');
  await writeSite([], site);
  await writeFile(precious, 'keep');
  await writeFile(join(site, '.faultbook-site.json'), JSON.stringify(['../precious.txt', precious, 7]));
  await writeSite([], site);
  expect(await readFile(precious, 'utf8')).toBe('keep');
});

test('a workbook outside the site is refused before anything is written', async () => {
  const pages = [{ path: '../escape.ipynb', notebook: notebook([]) }];
  await expect(writeSite(pages, out)).rejects.toThrow('below the site\'s folder, not "../escape.ipynb"');
  expect(await readdir(out)).toEqual([]);
});

test('an empty site is an index that says so', async () => {
  await writeSite([], out);
  expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('There are no workbooks yet.');
});
