import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notebook } from '../../../kernel-lib/notebook/nbformat.js';
import type * as Site from '../../../kernel-lib/notebook/site/site.js';
import { browserRuns, launchBrowser } from '../../browser.js';

const notebooks = fileURLToPath(new URL('../../../notebooks/', import.meta.url));
const built = new URL('../../../dist/notebook/site/site.js', import.meta.url);
const INDEX_LIMIT = 300_000;

/** Quick ones, with and without recordings; the others take up to a minute. */
const always = ['00-first-fault', '07-architecture-atlas'];
const slow = [
  '01-swp-exclusive',
  '02-pte-markers',
  '03-unshare',
  '04-delayed-rmap',
  '05-walkers-and-tearing',
  '06-dirty-bits',
  '08-model-against-kernels',
];

describe.skipIf(!browserRuns)('live pages in a real browser, from file:// with the network off', () => {
  let browser: Browser;
  let site: string;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'faultbook-live-'));
    const names = (await readdir(notebooks)).filter((name) => name.endsWith('.ipynb')).sort();
    const pages = await Promise.all(names.map(async (path) => ({ path, notebook: await notebookAt(path) })));
    // As it is built: the library's bundle for pages exists only there.
    const { writeSite } = (await import(built.href)) as typeof Site;
    [browser] = await Promise.all([launchBrowser(), writeSite(pages, site)]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(site, { recursive: true, force: true });
  });

  async function notebookAt(path: string): Promise<Notebook> {
    return JSON.parse(await readFile(join(notebooks, path), 'utf8')) as Notebook;
  }

  async function open(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ ...options, offline: true });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(site, `${name}.html`)).href);
    return page;
  }

  /** Does something that makes cells run, and waits until none does. */
  async function ran(page: Page, act: () => Promise<void>): Promise<string> {
    await act();
    await page
      .locator('.live-bar [role=status]', { hasText: /(is done|failed)\.$/ })
      .waitFor({ timeout: 180_000 });
    return (await page.locator('.live-bar [role=status]').textContent())!;
  }

  async function write(page: Page, cell: string, text: string): Promise<void> {
    await page.locator(`#${cell} [data-do=edit]`).click();
    await page.locator(`#${cell} .cm-content`).waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  }

  test.each([
    ...always.map((name) => ({ name, isSlow: false })),
    ...slow.map((name) => ({ name, isSlow: true })),
  ])(
    'every cell of $name gives in the page what the kernel gave',
    { timeout: 240_000 },
    async ({ name, isSlow }) => {
      if (isSlow && !process.env.FAULTBOOK_SLOW) return;
      const page = await open(name);
      const before = (await page.evaluate(OUTPUTS)) as Outputs;
      await ran(page, () => page.click('.live-bar [data-do=all]'));
      const after = (await page.evaluate(OUTPUTS)) as Outputs;
      // Exercises are unsolved in a page, and show nothing before they are run.
      const { cells } = await notebookAt(`${name}.ipynb`);
      for (const { id, metadata, cell_type } of cells)
        if (cell_type === 'code' && !('nbgrader' in metadata))
          expect(after[`cell-${id}`]).toEqual(before[`cell-${id}`]);
      expect(await page.locator('.output.error').count()).toBe(0);
    },
  );

  test('a loop without end is stopped, and the page says what is lost and goes on', async () => {
    const page = await open('07-architecture-atlas');
    const first = (await page.locator('.cell.code').first().getAttribute('id'))!;
    await write(page, first, 'for (;;) {}');
    await page.keyboard.press('Shift+Enter');
    await page.locator(`#${first}[data-state=running]`).waitFor();
    await page.click('.live-bar [data-do=stop]');
    expect(await page.locator('.live-bar [role=status]').textContent()).toContain(
      'run the cells above again',
    );
    await write(page, first, 'console.log(6 * 7);');
    await ran(page, () => page.keyboard.press('Shift+Enter'));
    expect(await page.locator(`#${first} .outputs`).textContent()).toBe('42\n');
  });

  test('an exercise is failed, then solved in place', async () => {
    const page = await open('07-architecture-atlas');
    const { cells } = await notebookAt('07-architecture-atlas.ipynb');
    const named = (name: string): string =>
      `cell-${cells.find(({ metadata }) => (metadata['nbgrader'] as { grade_id?: string })?.grade_id === name)!.id}`;
    const [answer, judge] = [named('07-which-machine'), named('07-which-machine-check')];
    const verdict = page.locator(`#${judge} .faultbook-verdict`);
    await ran(page, () => page.click(`#${judge} [data-do=above]`));
    expect(await verdict.textContent()).toContain('0 of 2 points');
    await write(page, answer, "let whichMachine: string[] = ['loongarch64_4k', 'riscv64', 'nios2'];");
    await ran(page, () => page.keyboard.press('Shift+Enter'));
    await ran(page, () => page.click(`#${judge} [data-do=run]`));
    await page.locator(`#${judge} .faultbook-verdict.solved`).waitFor();
    expect(await verdict.textContent()).toContain('2 of 2 points');
  });

  test('changes outlive a visit, until they are reset; Escape leaves the editor', async () => {
    const page = await open('07-architecture-atlas');
    const cell = page.locator('.cell.code').nth(2);
    await write(page, (await cell.getAttribute('id'))!, "const guess = 's390';");
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.dataset.do')).toBe('edit');
    await page.reload();
    expect(await cell.locator('.input').textContent()).toBe("const guess = 's390';");
    await Promise.all([page.waitForEvent('load'), page.click('.live-bar [data-do=reset]')]);
    expect(await cell.locator('.input').textContent()).toBe("const guess = 'x86_64';");
  });

  test.each(['light', 'dark'] as const)(
    'a page with an open editor passes the rules of axe on %s paper',
    async (colorScheme) => {
      const page = await open('07-architecture-atlas', {
        colorScheme,
        viewport: { width: 375, height: 740 },
      });
      await page.locator('.cell.code [data-do=edit]').nth(1).click();
      await page.locator('.cm-content').waitFor();
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
      const broken = await page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html)))`,
      );
      expect(broken).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
    },
  );

  test('the index weighs little, and a page loads neither library nor editor before they are used', async () => {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(join(site, 'index.html')).href);
    const sizes = await Promise.all(asked.map(async (url) => (await stat(fileURLToPath(url))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(INDEX_LIMIT);
    await page.goto(pathToFileURL(join(site, '07-architecture-atlas.html')).href);
    expect(asked.filter((url) => /live-(worker|editor|sources)|\/data\//.test(url))).toEqual([]);
  });
});

/** Outputs as text, by cell. Pictures, drawn figures and answers of widgets are left out: their data is in their scripts. */
type Outputs = Readonly<Record<string, readonly string[]>>;
const OUTPUTS = `Object.fromEntries([...document.querySelectorAll('.cell.code')].map((cell) => [cell.id,
  [...cell.querySelectorAll('.output')].map((output) => {
    const copy = output.cloneNode(true);
    for (const box of copy.querySelectorAll('.faultbook-figure-box')) box.replaceChildren();
    for (const widget of copy.querySelectorAll('.faultbook-widget[data-widget]')) {
      delete widget.dataset.alive;
      widget.replaceChildren(widget.querySelector('script'));
    }
    return copy.className + ' ' + copy.innerHTML;
  })]))`;
