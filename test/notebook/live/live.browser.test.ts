import { createRequire } from 'node:module';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { type CodeCell, type Notebook, joinLines } from '../../../kernel-lib/notebook/nbformat.js';
import { browserRuns } from '../../browser.js';
import { notebookNamed, openBuiltSite, workbooks } from '../built-site.js';

/** The cells of the exercises, in pairs: where the answer goes, and what judges it. */
function exercisesOf({ cells }: Notebook): { readonly answer: CodeCell; readonly judge: CodeCell }[] {
  const graded = cells.filter((cell): cell is CodeCell => 'nbgrader' in cell.metadata);
  const answers = graded.filter(({ metadata }) => (metadata['nbgrader'] as { solution: boolean }).solution);
  return answers.map((answer) => ({ answer, judge: graded[graded.indexOf(answer) + 1]! }));
}

describe.skipIf(!browserRuns)('live pages in a real browser, from file:// with the network off', () => {
  const { newPage, urlOf } = openBuiltSite();

  async function open(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await newPage(options);
    await page.goto(urlOf(name));
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

  test.for(workbooks)(
    'every cell of $name gives in the page what the kernel gave, and its exercises are open until they are solved',
    { timeout: 400_000 },
    async ({ name, skipped }, { skip }) => {
      skip(skipped, 'only under FAULTBOOK_SLOW');
      const notebook = await notebookNamed(name);
      const page = await open(name);
      const before = (await page.evaluate(OUTPUTS)) as Outputs;
      await ran(page, () => page.click('.live-bar [data-do=all]'));
      const after = (await page.evaluate(OUTPUTS)) as Outputs;
      // Exercises are unsolved in a page, and show nothing before they are run.
      for (const { id, metadata, cell_type } of notebook.cells)
        if (cell_type === 'code' && !('nbgrader' in metadata))
          expect(after[`cell-${id}`]).toEqual(before[`cell-${id}`]);
      expect(await page.locator('.output.error').count()).toBe(0);
      for (const { answer, judge } of exercisesOf(notebook)) {
        const verdict = page.locator(`#cell-${judge.id} .faultbook-verdict`);
        expect(await verdict.getAttribute('class')).not.toContain('solved');
        await write(page, `cell-${answer.id}`, joinLines(answer.source));
        await ran(page, () => page.keyboard.press('Shift+Enter'));
        await ran(page, () => page.click(`#cell-${judge.id} [data-do=run]`));
        expect(await verdict.getAttribute('class')).toContain('solved');
      }
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
