import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { mimeBundle, view, type Figure, type MimeBundle } from '../../kernel-lib/index.js';
import { renderBundle } from '../../kernel-lib/notebook/render.js';
import { PLOTLY_MIME } from '../../kernel-lib/view/figure.js';

const rows = [
  { kernel: '6.1', op: 'mmap </script><script>x()</script>', minor: 3 },
  { kernel: '6.12', op: 'fork', minor: 5 },
];
const bars = view.bars(rows, { x: 'op', y: 'minor', by: 'kernel', title: 'Faults <b>', caption: 'A & B.' });
const heat = view.heatmap(rows, { x: 'op', y: 'kernel', value: 'minor', title: 'Heat' });

const rendered = (figure: Figure): Promise<MimeBundle> => renderBundle(figure[mimeBundle]());
const svgOf = async (figure: Figure): Promise<string> => String((await rendered(figure))['image/svg+xml']);

test('a figure gains a picture and HTML, and keeps its Plotly JSON and text', async () => {
  const bundle = await rendered(bars);
  expect(Object.keys(bundle).sort()).toEqual([PLOTLY_MIME, 'image/svg+xml', 'text/html', 'text/plain']);
  expect(bundle[PLOTLY_MIME]).toBe(bars.plotly);
  const html = String(bundle['text/html']);
  expect(html).toContain('<figcaption>A &amp; B.</figcaption>');
  expect(html).toMatch(/<svg[^>]* role="img" aria-label="Faults &lt;b&gt;" width="100%"/);
  expect(html).not.toMatch(/src=|https?:\/\/(?!www\.w3\.org)/);
});

test('pages learn how narrow a figure may be', async () => {
  const boxOf = async (figure: Figure) =>
    /figure-box" style="([^"]*)"/.exec(String((await rendered(figure))['text/html']))![1];
  const tree = view.decisionTree({ ask: 'present', yes: 'page', no: 'swap PTE' }, { title: 'What is it?' });
  expect(await boxOf(tree)).toMatch(/;--min-width:\d+px$/);
  expect(await boxOf(heat)).not.toContain('--min-width');
});

test('text of a figure cannot become markup, in the picture or around it', async () => {
  const bundle = await rendered(bars);
  expect(bundle['image/svg+xml']).not.toContain('<script');
  const scripts = String(bundle['text/html']).match(/<script[^>]*>/g);
  expect(scripts).toEqual(['<script type="application/json">', '<script>']);
});

test('the picture shows one bar for each number, as high as the number', async () => {
  const svg = await svgOf(view.bars(rows, { x: 'op', y: 'minor', title: 'Faults' }));
  const heights = [...svg.matchAll(/ d="M[\d.]+,([\d.]+)V([\d.]+)H/g)].map(
    ([, foot, top]) => Number(foot) - Number(top),
  );
  expect(heights).toHaveLength(2);
  expect(heights[1]! / heights[0]!).toBeCloseTo(5 / 3, 1);
  expect(svg).toMatch(/>fork</);
});

test('a heat map is painted: its picture holds a PNG', async () => {
  expect(await svgOf(heat)).toMatch(/<image[^>]+href="data:image\/png;base64,iVBORw0KGgo/);
});

test('pictures of one page do not share identifiers', async () => {
  const ids = (svg: string): string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  const [a, b] = [ids(await svgOf(bars)), ids(await svgOf(heat))];
  expect(a.length).toBeGreaterThan(0);
  expect(a.filter((id) => b.includes(id))).toEqual([]);
});

test('the picture is the same in every process, whatever was drawn before', async () => {
  const [first, second] = [await svgOf(bars), await svgOf(heat)];
  expect(await svgOf(bars)).toBe(first);
  const script = `
    import { renderBundle } from './dist/notebook/render.js';
    const bundle = await renderBundle({ '${PLOTLY_MIME}': JSON.parse(process.argv[1]) });
    process.stdout.write(bundle['image/svg+xml']);`;
  const fresh = spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    script,
    JSON.stringify(heat.plotly),
  ]);
  expect(fresh.stdout.toString()).toBe(second);
});

test('a bundle without a figure, or with a broken one, comes back as it is', async () => {
  const text = { 'text/plain': '42' };
  expect(await renderBundle(text)).toBe(text);
  const broken = { [PLOTLY_MIME]: 'nonsense' };
  expect(await renderBundle(broken)).toBe(broken);
});
