import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boot, explore, replay, view } from '../../kernel-lib/index.js';
import type { Notebook } from '../../kernel-lib/notebook/nbformat.js';
import type * as Site from '../../kernel-lib/notebook/site/site.js';
import type * as WidgetHtml from '../../kernel-lib/notebook/widgetHtml.js';
import type { Widget } from '../../kernel-lib/view/widget.js';
import { browserRuns, launchBrowser } from '../browser.js';
import { notebookNamed } from './built-site.js';

/** The scripts of widgets exist only as they are built. */
async function built<T>(path: string): Promise<T> {
  return (await import(new URL(`../../dist/notebook/${path}`, import.meta.url).href)) as T;
}

const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };

/** One of each, as cells show them. */
function widgets(): Widget[] {
  const linux = boot({ release: '6.1', swap: '64MiB' });
  const process = linux.spawn('p');
  const page = process.mmap(4, { prot: 'rw', flags: 'private anon' });
  process.write(page, 1);
  process.read(page + 4096);
  process.fork('child').write(page, 2);
  const options = { bound: { pages: 1, stores: 1 } };
  const { schedule } = explore('delayed-rmap', options).violations[0]!;
  return [
    view.pteDecoder('0x8000000123456067', { release: 'v6.3' }),
    replay('delayed-rmap', schedule, options).stepper,
    view.pageTables(process),
    view.faultFlow(linux),
  ];
}

function notebookOf(shown: readonly Widget[]): Notebook {
  const cells = shown.map(({ html, text }, i) => ({
    cell_type: 'code' as const,
    id: `cell${i}`,
    metadata: {},
    source: `widgets[${i}];`,
    execution_count: i + 1,
    outputs: [
      {
        output_type: 'execute_result' as const,
        execution_count: i + 1,
        data: { 'text/html': html, 'text/plain': text },
        metadata: {},
      },
    ],
  }));
  const title = { cell_type: 'markdown' as const, id: 'title', metadata: {}, source: '# Widgets' };
  return { cells: [title, ...cells], metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

describe.skipIf(!browserRuns)('widgets in a real browser, with the network off', () => {
  let browser: Browser;
  let site: string;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'faultbook-widgets-'));
    const shown = widgets();
    const { withParts } = await built<typeof WidgetHtml>('widgetHtml.js');
    const { writeSite } = await built<typeof Site>('site/site.js');
    const outputs = shown.map(({ html }) => withParts(html));
    const loaded = shown.map(({ html, text }) => ({ html: withParts(html), text }) as Widget);
    await Promise.all([
      writeSite([{ path: 'widgets.ipynb', notebook: notebookOf(loaded) }], site),
      writeFile(join(site, 'outputs.json'), JSON.stringify(outputs)),
      launchBrowser().then((launched) => (browser = launched)),
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(site, { recursive: true, force: true });
  });

  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ ...options, offline: true });
    return context.newPage();
  }

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await newPage(options);
    await page.goto(pathToFileURL(join(site, 'widgets.html')).href);
    return page;
  }

  /** The outputs as Jupyter shows them: HTML that is put into the page, its scripts run, and nothing else there. */
  async function openInJupyter(): Promise<Page> {
    const page = await newPage();
    await page.setContent('<main></main>');
    const outputs = JSON.parse(await readFile(join(site, 'outputs.json'), 'utf8')) as string[];
    await page.evaluate(`for (const html of ${JSON.stringify(outputs)}) {
      const output = document.createElement('div');
      output.innerHTML = html;
      for (const script of output.querySelectorAll('script:not([type])')) {
        const run = document.createElement('script');
        run.text = script.text;
        script.replaceWith(run);
      }
      document.querySelector('main').append(output);
    }`);
    return page;
  }

  const places: readonly (readonly [string, () => Promise<Page>])[] = [
    ['a page of the site', () => open()],
    ['a notebook', openInJupyter],
  ];

  test.each(places)(
    'the decoder reads what is typed, for the machine that is chosen, in %s',
    async (_, place) => {
      const page = await place();
      const answer = page.locator('.fb-answer');
      await page.getByLabel('Entry').fill('0x25');
      await answer.getByText('read-only, clean, young').waitFor();
      await page.getByLabel('Architecture').selectOption('arc');
      await page.getByLabel('Entry').fill('20');
      await answer.getByText('exclusive', { exact: true }).first().waitFor();
      await page.getByLabel('Release').selectOption('v6.1');
      await answer.getByText('20 on arc, v6.1').waitFor();
      expect(await answer.getByText('exclusive', { exact: true }).count()).toBe(0);
      await page.getByLabel('Entry').fill('vax');
      expect(await page.getByRole('alert').textContent()).toContain("'vax' is no page-table entry");
      expect(await page.getByLabel('Entry').getAttribute('aria-invalid')).toBe('true');
    },
  );

  test.each(places)('a schedule is walked by the keyboard alone, in %s', async (_, place) => {
    const page = await place();
    const walk = page.locator('[data-widget=stepper]');
    const status = walk.getByRole('status');
    expect(await status.textContent()).toMatch(/^0 of \d+ · before the first step$/);
    await walk.getByRole('button', { name: 'Next' }).focus();
    await page.keyboard.press('Enter');
    expect(await status.textContent()).toMatch(/^1 of \d+ · unmap: /);
    await walk.getByRole('slider', { name: 'Step' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await status.textContent()).toMatch(/^2 of /);
    await page.keyboard.press('End');
    expect(await walk.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    expect(await walk.getByRole('row', { name: 'PTE 0' }).textContent()).toContain('nothing');
    await page.keyboard.press('Home');
    expect(await walk.getByRole('row', { name: 'PTE 0' }).textContent()).toContain('page A, writable, dirty');
  });

  test('a step marks what it has changed', async () => {
    const page = await open();
    const walk = page.locator('[data-widget=stepper]');
    const next = walk.getByRole('button', { name: 'Next' });
    const pte = walk.getByRole('row', { name: 'PTE 0' });
    while (!(await pte.textContent())!.includes('nothing')) await next.click();
    expect(await pte.textContent()).toContain('◀ changed');
    await next.click();
    expect(await pte.textContent()).not.toContain('◀ changed');
  });

  test('without scripts everything is there to read', async () => {
    const page = await open({ javaScriptEnabled: false });
    expect(await page.locator('.fb-answer').textContent()).toContain('frame 0x123456');
    expect(
      await page.locator('[data-widget=stepper] table.faultbook-table tbody tr').count(),
    ).toBeGreaterThan(5);
    expect(await page.locator('.faultbook-widget svg').count()).toBe(3);
  });

  test('a page loads each script once, and the style sheet that notebooks carry along is not repeated', async () => {
    const html = await readFile(join(site, 'widgets.html'), 'utf8');
    expect(html.match(/widget-\w+\.js/g)).toEqual(['widget-decoder.js', 'widget-stepper.js']);
    expect(html).not.toContain('<style>');
  });

  test.each(['light', 'dark'] as const)(
    'widgets pass the rules of axe on %s paper and fit a phone',
    async (colorScheme) => {
      const page = await open({ ...PHONE, colorScheme });
      await page.getByRole('button', { name: 'Next' }).click();
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
      const broken = await page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html)))`,
      );
      expect(broken).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.viewport.width);
    },
  );

  test('the kernel sends style sheet and script along with a widget', async () => {
    const { cells } = await notebookNamed('07-architecture-atlas');
    const outputs = cells.flatMap((cell) => (cell.cell_type === 'code' ? cell.outputs : []));
    const decoder = outputs
      .map((output) => JSON.stringify(output))
      .find((json) => json.includes('data-widget'));
    expect(decoder).toMatch(/<style>.*<script>/);
  });

  test('the decoder’s codec is the library’s, in one script that is small beside Plotly', async () => {
    const script = fileURLToPath(
      new URL('../../dist/notebook/site/assets/widget-decoder.js', import.meta.url),
    );
    expect((await readFile(script)).length).toBeLessThan(200_000);
  });
});
