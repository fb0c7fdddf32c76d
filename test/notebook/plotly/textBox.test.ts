import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { textBox, type SvgElement } from '../../../kernel-lib/notebook/plotly/textBox.js';

const { JSDOM } = createRequire(import.meta.url)('jsdom') as {
  JSDOM: { fragment(html: string): { firstElementChild: { firstElementChild: SvgElement } } };
};

/** The first element inside an `<svg>`. */
function element(svg: string): SvgElement {
  return JSDOM.fragment(`<svg>${svg}</svg>`).firstElementChild.firstElementChild;
}

test('text is as wide as its letters, and grows with its size', () => {
  const small = textBox(element('<text style="font-size: 10px">fork</text>'));
  const large = textBox(element('<text style="font-size: 20px">fork</text>'));
  const long = textBox(element('<text style="font-size: 10px">forkfork</text>'));
  expect(small.width).toBeGreaterThan(15);
  expect(small.width).toBeLessThan(25);
  expect(large.width).toBeCloseTo(2 * small.width);
  expect(long.width).toBeCloseTo(2 * small.width);
});

test('the anchor says which part of the text lies at its point', () => {
  const at = (anchor: string): number =>
    textBox(element(`<text x="100" text-anchor="${anchor}">mm</text>`)).left;
  const { width } = textBox(element('<text>mm</text>'));
  expect([at('start'), at('middle'), at('end')]).toEqual([100, 100 - width / 2, 100 - width]);
});

test('several lines are as wide as the widest and as high as all', () => {
  const one = textBox(element('<text><tspan class="line">anonymous</tspan></text>'));
  const two = textBox(
    element('<text><tspan class="line">anonymous</tspan><tspan class="line">page</tspan></text>'),
  );
  expect(two.width).toBe(one.width);
  expect(two.height).toBeCloseTo(2 * one.height);
});

test('a group holds its texts where their transforms put them', () => {
  const { width, height } = textBox(element('<text>madvise</text>'));
  const moved = textBox(element('<g><text transform="translate(30,40)">madvise</text></g>'));
  expect(moved.left).toBe(30);
  expect(moved.width).toBeCloseTo(width);
  const turned = textBox(element('<g><g><text transform="rotate(90,0,0)">madvise</text></g></g>'));
  expect(turned.width).toBeCloseTo(height);
  expect(turned.height).toBeCloseTo(width);
});

test('what holds no text takes no room', () => {
  expect(textBox(element('<g><path d="M0,0"/><text></text></g>'))).toMatchObject({ width: 0, height: 0 });
});
