import { expect, test } from 'vitest';
import { view } from '../../kernel-lib/index.js';
import { PLOTLY_MIME, type Figure } from '../../kernel-lib/view/figure.js';
import { mimeBundle } from '../../kernel-lib/view/mime.js';

const faults = [
  { kernel: '6.1', op: 'mmap', minor: 1 },
  { kernel: '6.1', op: 'fork', minor: 4 },
  { kernel: '6.12', op: 'fork', minor: 3 },
  { kernel: '6.1', op: 'fork', minor: 2 },
];

function data(figure: Figure): readonly Record<string, unknown>[] {
  return figure.plotly.data;
}

test('bars of one place are added up, and a missing one leaves a gap', () => {
  const figure = view.bars(faults, { x: 'op', y: 'minor', by: 'kernel', title: 'Faults' });
  expect(data(figure)).toEqual([
    { type: 'bar', name: '6.1', x: ['mmap', 'fork'], y: [1, 6] },
    { type: 'bar', name: '6.12', x: ['mmap', 'fork'], y: [null, 3] },
  ]);
  expect(figure.text).toContain('mmap    1');
});

test('kernel releases stay names: 6.10 must not become 6.1', () => {
  const releases = [
    { release: '6.1', faults: 1 },
    { release: '6.10', faults: 2 },
  ];
  const bars = view.bars(releases, { x: 'release', y: 'faults', title: 'Faults' });
  expect(bars.plotly.layout.xaxis).toMatchObject({ type: 'category' });
  const boxes = view.boxes(releases, { x: 'release', y: 'faults', title: 'Faults' });
  expect(boxes.plotly.layout.xaxis).toMatchObject({ type: 'category' });
});

test('numbers of a bar or a heat map are names of places, not distances', () => {
  const sizes = [1, 512].map((nrPages) => ({ nrPages, faults: nrPages }));
  const bars = view.bars(sizes, { x: 'nrPages', y: 'faults', title: '' });
  expect(data(bars)[0]).toMatchObject({ x: ['1', '512'], y: [1, 512] });
  expect(bars.plotly.layout.xaxis).toMatchObject({ type: 'category' });
  const heat = view.heatmap(sizes, { x: 'nrPages', y: 'nrPages', value: 'faults', title: '' });
  expect(heat.plotly.layout).toMatchObject({ xaxis: { type: 'category' }, yaxis: { type: 'category' } });
  const lines = view.lines(sizes, { x: 'nrPages', y: 'faults', title: '' });
  expect(lines.plotly.layout.xaxis).not.toHaveProperty('type');
});

test('horizontal bars swap the axes', () => {
  const figure = view.bars(faults, { x: 'op', y: 'minor', horizontal: true, title: 'Faults' });
  expect(data(figure)).toEqual([{ type: 'bar', orientation: 'h', x: [1, 9], y: ['mmap', 'fork'] }]);
  expect(figure.plotly.layout).toMatchObject({
    xaxis: { title: { text: 'minor' } },
    yaxis: { title: { text: 'op' }, autorange: 'reversed' },
  });
});

test('small counts get whole ticks, fractions do not', () => {
  const at = (minor: number): unknown =>
    (
      view.bars([{ op: 'mmap', minor }], { x: 'op', y: 'minor', title: '' }).plotly.layout.yaxis as {
        dtick?: number;
      }
    ).dtick;
  expect([at(3), at(0.5), at(1000)]).toEqual([1, undefined, undefined]);
});

test('a value that is not a number is refused by its row and field', () => {
  const rows = [
    { op: 'mmap', minor: 1 },
    { op: 'fork', minor: '2' as unknown },
  ];
  expect(() => view.bars(rows, { x: 'op', y: 'minor', title: '' })).toThrow(
    'row 1: "minor" must be a finite number, not "2"',
  );
  expect(() => view.lines([{ x: 1, y: NaN }], { x: 'x', y: 'y', title: '' })).toThrow('row 0: "y"');
});

test('lines keep the order of their rows, one line for each value of by', () => {
  const figure = view.lines(faults, { x: 'minor', y: 'minor', by: 'kernel', title: 'Faults', steps: true });
  expect(data(figure).map((line) => [line.name, line.x, line.y])).toEqual([
    ['6.1', [1, 4, 2], [1, 4, 2]],
    ['6.12', [3], [3]],
  ]);
  expect(data(figure)[0]).toMatchObject({ line: { dash: 'solid', shape: 'hv' } });
});

test('doubling bins count as kernel tools print latencies', () => {
  const rows = [0, 1, 2, 3, 4, 9].map((us) => ({ us }));
  const figure = view.histogram(rows, { x: 'us', bins: 'doubling', title: 'Latency' });
  expect(data(figure)[0]).toMatchObject({ x: ['0', '1', '2–3', '4–7', '8–15'], y: [1, 1, 2, 1, 1] });
  expect(() => view.histogram([{ us: -1 }], { x: 'us', bins: 'doubling', title: '' })).toThrow(
    'a value is -1',
  );
});

test('equal bins hold every value once, the greatest too', () => {
  const rows = [0.1, 0.2, 0.3, 0.7].map((us) => ({ us }));
  const [bins] = data(view.histogram(rows, { x: 'us', bins: 3, title: '' }));
  expect(bins).toMatchObject({ x: ['0.1–0.3', '0.3–0.5', '0.5–0.7'], y: [2, 1, 1] });
});

test('bins of whole numbers have whole edges and the same width', () => {
  const rows = [10, 11, 12, 13, 14, 19].map((nr) => ({ nr }));
  const [bins] = data(view.histogram(rows, { x: 'nr', bins: 4, title: '' }));
  expect(bins).toMatchObject({ x: ['10–12', '13–15', '16–18', '19–21'], y: [3, 2, 0, 1] });
});

test('a box spans the quartiles and its whiskers the extremes', () => {
  const figure = view.boxes(
    [1, 2, 3, 4, 9].map((us) => ({ us })),
    { y: 'us', title: '' },
  );
  expect(data(figure)[0]).toMatchObject({ lowerfence: [1], q1: [2], median: [3], q3: [4], upperfence: [9] });
});

test('a heat map leaves places without a row empty and its first row at the top', () => {
  const figure = view.heatmap(faults, { x: 'op', y: 'kernel', value: 'minor', title: '' });
  expect(data(figure)[0]).toMatchObject({
    x: ['mmap', 'fork'],
    y: ['6.1', '6.12'],
    z: [
      [1, 2],
      [null, 3],
    ],
  });
  expect(figure.plotly.layout.yaxis).toMatchObject({ autorange: 'reversed', type: 'category' });
});

test('a figure offers Plotly JSON, and its finding as text', () => {
  const figure = view.bars(faults, { x: 'op', y: 'minor', title: 'Faults', caption: 'fork faults most.' });
  const bundle = figure[mimeBundle]();
  expect(Object.keys(bundle)).toEqual([PLOTLY_MIME, 'text/plain']);
  expect(bundle['text/plain']).toBe(
    'Faults\n\nop    minor\n----  -----\nmmap      1\nfork      9\n\nfork faults most.',
  );
  expect(figure.plotly.layout).toMatchObject({ height: 400, meta: { caption: 'fork faults most.' } });
  expect(JSON.parse(JSON.stringify(figure.plotly))).toEqual(figure.plotly);
});

test('huge addresses as bigint become text on an axis and numbers as heights', () => {
  const figure = view.lines([{ addr: 0x7fff_ffff_f000n, nr: 2n }], { x: 'addr', y: 'nr', title: '' });
  expect(data(figure)[0]).toMatchObject({ x: ['140737488351232'], y: [2] });
  expect(() => JSON.stringify(figure.plotly)).not.toThrow();
});
