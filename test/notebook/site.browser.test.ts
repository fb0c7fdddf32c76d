import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mimeBundle, view } from '../../kernel-lib/index.js';
import { renderBundle } from '../../kernel-lib/notebook/render.js';
import { writeSite } from '../../kernel-lib/notebook/site/site.js';
import { browserRuns, launchBrowser } from '../browser.js';
import { fixturePages } from './site/fixture.js';

const WIDE = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };

describe.skipIf(!browserRuns)('the site in a real browser, from file:// with the network off', () => {
  let browser: Browser;
  let site: string;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'faultbook-site-'));
    [browser] = await Promise.all([launchBrowser(), fixturePages().then((pages) => writeSite(pages, site))]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(site, { recursive: true, force: true });
  });

  /** Opens a page and notes everything that it complains about or asks for. */
  async function open(
    name: string,
    options: BrowserContextOptions = WIDE,
  ): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext({ ...options, offline: true });
    const page = await context.newPage();
    await page.addInitScript(RECORD_SHIFTS);
    const faults: string[] = [];
    const own = pathToFileURL(site).href;
    page.on('console', (message) => faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => faults.push(`missing: ${request.url()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(own) && !request.url().startsWith('data:'))
        faults.push(`left: ${request.url()}`);
    });
    await page.goto(pathToFileURL(join(site, name)).href);
    return { page, faults };
  }

  /** Scrolls to each figure in turn, as a reader does, until it is live. */
  async function drawAll(page: Page): Promise<Locator[]> {
    const figures = await page.locator('.faultbook-figure').all();
    for (const figure of figures) {
      await figure.scrollIntoViewIfNeeded();
      await figure.locator('xpath=self::*[@data-drawn="live"]').waitFor();
    }
    return figures;
  }

  async function sizes(marks: Locator): Promise<{ width: number; height: number }[]> {
    const boxes = await Promise.all((await marks.all()).map((mark) => mark.boundingBox()));
    return boxes.map((box) => ({ width: box?.width ?? 0, height: box?.height ?? 0 }));
  }

  test.each([
    ['a wide window', WIDE],
    ['a phone', PHONE],
  ])('figures are drawn on %s, and nothing is asked of the network', async (_, options) => {
    const { page, faults } = await open('00-first-fault.html', options);
    const [bars, heat] = await drawAll(page);
    const drawn = await sizes(bars!.locator('.plot .bars .point path'));
    expect(drawn).toHaveLength(15);
    expect(drawn.filter(({ width, height }) => width < 3 || height < 3)).toEqual([]);
    expect(drawn[4]!.height / drawn[0]!.height).toBeCloseTo(13, 0);
    expect(await sizes(heat!.locator('.plot .hm image'))).toHaveLength(1);
    expect(await page.evaluate(`(${COLOURS})(document.querySelector('.plot .hm image'))`)).toBe(15);
    const [plot] = await sizes(bars!.locator('.plot'));
    expect(plot!.width).toBeLessThanOrEqual(options.viewport.width);
    expect(faults).toEqual([]);
  });

  test('lines, boxes and histograms are drawn too', async () => {
    const { page, faults } = await open('01-cow.html');
    const [lines, boxes, bins] = await drawAll(page);
    const marks = [
      lines!.locator('.scatterlayer .js-line'),
      boxes!.locator('path.box'),
      bins!.locator('.bars .point path'),
    ];
    for (const mark of marks) {
      const drawn = await sizes(mark);
      expect(drawn.length).toBeGreaterThanOrEqual(3);
      expect(drawn.filter(({ width, height }) => width < 3 || height < 3)).toEqual([]);
    }
    expect(faults).toEqual([]);
  });

  test('nothing moves when a figure becomes live', async () => {
    const { page } = await open('01-cow.html', PHONE);
    await drawAll(page);
    expect(await page.evaluate('shifts')).toEqual([]);
    const boxes = await sizes(page.locator('.faultbook-figure-box'));
    expect(boxes.map(({ height }) => height)).toEqual([400, 400, 400]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.viewport.width);
  });

  test('Plotly is loaded once for all figures of a page, and not at all where there is none', async () => {
    const withFigures = await open('01-cow.html');
    expect(await withFigures.page.locator('script[src$="plotly.min.js"]').count()).toBe(1);
    const without = await open('index.html');
    expect(await without.page.evaluate('typeof Plotly')).toBe('undefined');
  });

  test('a search finds the part of a workbook that holds the words, also by a word within a name', async () => {
    const { page, faults } = await open('index.html');
    await page.getByLabel('Search the workbooks').fill('anonymous_page');
    const found = page.locator('#found a');
    await found.first().waitFor();
    expect(await found.allTextContents()).toEqual(['What is a page fault?']);
    expect(await page.locator('#found p').textContent()).toContain('do_anonymous_page');
    await page.getByLabel('Search the workbooks').fill('frame after fork');
    await page.locator('#found-count', { hasText: /^1 place$/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/01-cow\.html#After-fork$/);
    expect(faults).toEqual([]);
  });

  test('a search says when it finds nothing', async () => {
    const { page } = await open('index.html');
    await page.getByLabel('Search the workbooks').fill('zzyzx');
    await page.locator('#found-count', { hasText: '0 places' }).waitFor();
    expect(await page.locator('#found a').count()).toBe(0);
  });

  test('one walks from the index through the workbooks and back', async () => {
    const { page, faults } = await open('index.html');
    const heading = page.locator('h1');
    const follow = async (name: string, part: 'header' | 'main' | 'footer'): Promise<void> => {
      await page.locator(part).getByRole('link', { name }).click();
      // A page that is left before its script came reports the script as missing.
      await page.waitForLoadState('load');
    };
    await follow('What is a page fault?', 'main');
    await follow('Next', 'header');
    expect(await heading.textContent()).toBe('Who copies the page?');
    await follow('What happens when a cell fails?', 'footer');
    expect(await page.locator('a[rel=next]').count()).toBe(0);
    await follow('Previous', 'header');
    await follow('What is a page fault?', 'footer');
    await follow('the next workbook', 'main');
    expect(page.url()).toMatch(/01-cow\.html#After-fork$/);
    await follow('Faultbook', 'header');
    expect(await heading.textContent()).toBe('Faultbook');
    expect(faults).toEqual([]);
  });

  test('without scripts every figure shows its static picture', async () => {
    const { page, faults } = await open('00-first-fault.html', { ...PHONE, javaScriptEnabled: false });
    const pictures = page.locator('.faultbook-figure-box > svg');
    for (const { width, height } of await sizes(pictures)) {
      expect(width).toBeGreaterThan(300);
      expect(height).toBeGreaterThan(150);
    }
    const bars = await sizes(pictures.first().locator('.bars .point path'));
    expect(bars).toHaveLength(15);
    expect(bars.filter(({ width, height }) => width < 3 || height < 3)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test.each([
    ['draws itself where the page brought Plotly along', true, 1],
    ['keeps its picture where there is no Plotly, and asks for none', false, 0],
  ])('the HTML of a figure %s', async (_, withPlotly, live) => {
    const figure = view.bars([{ op: 'fork', nr: 3 }], { x: 'op', y: 'nr', title: 'Faults' });
    const html = String((await renderBundle(figure[mimeBundle]()))['text/html']);
    const script = withPlotly ? '<script src="assets/plotly.min.js"></script>' : '';
    await writeFile(
      join(site, 'viewer.html'),
      `<!doctype html><link rel="icon" href="data:,">${script}<body>${html}`,
    );
    const { page, faults } = await open('viewer.html');
    expect(await page.locator('.js-plotly-plot').count()).toBe(live);
    const [bar] = await sizes(page.locator('.bars .point path'));
    expect(bar!.height).toBeGreaterThan(100);
    expect(faults).toEqual([]);
  });

  test('maths is set in its own fonts', async () => {
    const { page } = await open('00-first-fault.html');
    await page.evaluate('document.fonts.ready.then(() => true)');
    const fonts = await page.evaluate(
      `[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)`,
    );
    expect(fonts).toContain('KaTeX_Main');
  });

  test.each(['light', 'dark'] as const)(
    'pages pass the accessibility rules of axe on %s paper',
    async (colorScheme) => {
      for (const name of ['index.html', '00-first-fault.html', '02-broken.html']) {
        const { page } = await open(name, { ...WIDE, colorScheme });
        await drawAll(page);
        await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
        const broken = await page.evaluate(
          `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html)))`,
        );
        expect(broken, name).toEqual([]);
      }
    },
  );
});

/** Collects what the browser itself counts as a layout shift. */
const RECORD_SHIFTS = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
    .observe({ type: 'layout-shift', buffered: true });`;

/** How many colours an SVG image holds. As text: the project knows no DOM types. */
const COLOURS = `async (image) => {
  const picture = new Image();
  picture.src = image.href.baseVal;
  await picture.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}`;
