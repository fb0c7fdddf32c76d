import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { browserRuns } from '../browser.js';
import { openBuiltSite, workbooks } from './built-site.js';

const WIDE = { viewport: { width: 1400, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const INDEX_LIMIT = 300_000;
const axe = createRequire(import.meta.url).resolve('axe-core');

/** Every page in every light. */
const views = workbooks.flatMap(({ name, skipped }) =>
  [
    { window: WIDE, colorScheme: 'light' as const },
    { window: PHONE, colorScheme: 'dark' as const },
  ].map((view) => ({ name, skipped, ...view, width: view.window.viewport.width })),
);

describe.skipIf(!browserRuns)(
  'the pages of the committed workbooks, from file:// with the network off',
  () => {
    const { newPage, urlOf } = openBuiltSite();

    async function open(name: string, options: BrowserContextOptions = WIDE): Promise<Page> {
      const page = await newPage(options);
      await page.addInitScript(RECORD_SHIFTS);
      await page.goto(urlOf(name));
      return page;
    }

    test.for(views)(
      '$name passes the rules of axe on $colorScheme paper, $width wide, and nothing moves when its figures are drawn',
      { timeout: 120_000 },
      async ({ name, skipped, window, colorScheme, width }, { skip }) => {
        skip(skipped, 'only under FAULTBOOK_SLOW');
        const page = await open(name, { ...window, colorScheme });
        for (const figure of await page.locator('.faultbook-figure').all()) {
          await figure.scrollIntoViewIfNeeded();
          await figure.locator('xpath=self::*[@data-drawn="live"]').waitFor();
        }
        expect(await page.evaluate('shifts')).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.addScriptTag({ path: axe });
        const broken = await page.evaluate(
          `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html)))`,
        );
        expect(broken).toEqual([]);
      },
    );

    test('the first figure is there with the page: it waits for no script', async () => {
      const page = await open('00-first-fault', { ...WIDE, javaScriptEnabled: false });
      const picture = await page.locator('.faultbook-figure-box svg').first().boundingBox();
      expect(picture!.height).toBeGreaterThan(200);
      expect(await page.locator('.faultbook-figure-box svg text').count()).toBeGreaterThan(5);
    });

    test('on a phone, long names beside bars leave them a third of the window', async () => {
      const page = await open('00-first-fault', PHONE);
      const figure = page.locator('.faultbook-figure').first();
      await figure.scrollIntoViewIfNeeded();
      await figure.locator('xpath=self::*[@data-drawn="live"]').waitFor();
      const bars = await figure.locator('.plot .bars .point path').all();
      const widths = await Promise.all(bars.map(async (bar) => (await bar.boundingBox())!.width));
      expect(Math.max(...widths)).toBeGreaterThan(PHONE.viewport.width / 3);
    });

    test('the index weighs little', async () => {
      const page = await newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(urlOf('index'));
      const sizes = await Promise.all(asked.map(async (url) => (await stat(fileURLToPath(url))).size));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(INDEX_LIMIT);
    });

    test('a page loads neither library nor editor before they are used', async () => {
      const page = await open('07-architecture-atlas');
      const loaded = (await page.evaluate('[...document.scripts].map(({ src }) => src)')) as string[];
      expect(loaded.filter((url) => /live-(worker|editor|sources)|\/data\//.test(url))).toEqual([]);
    });
  },
);

/** What has moved since the page was opened, but for what the reader did. */
const RECORD_SHIFTS = `globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shifts.push(value);
}).observe({ type: 'layout-shift', buffered: true });`;
