import { expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { swapFigures } from '../../kernel-lib/pgtable/exclusive-bit.js';
import { atlas } from '../../kernel-lib/view/atlas.js';

const layouts = ['hexagon', 'xtensa'].flatMap((id) =>
  (['before', 'after'] as const).map((state) => swapFigures(archById(id), state)),
);

test('the atlas draws offset bits and the largest swap area, before and after, a line per variant', () => {
  const { data, layout } = atlas(layouts, { title: 'Atlas' }).plotly;
  expect(data.map(({ name, xaxis, x, y }) => [name, xaxis, x, y])).toEqual([
    ['before', 'x', [23, 21], ['hexagon', 'xtensa']],
    ['before', 'x2', [2 ** 35, 2 ** 33], ['hexagon', 'xtensa']],
    ['after', 'x', [22, 21], ['hexagon', 'xtensa']],
    ['after', 'x2', [2 ** 34, 2 ** 33], ['hexagon', 'xtensa']],
  ]);
  expect(layout).toMatchObject({ xaxis2: { type: 'log' } });
});

test('the atlas says in words what it draws', () => {
  expect(atlas(layouts, { title: 'Atlas' }).text).toMatch(/hexagon +23 +22 +6/);
});
