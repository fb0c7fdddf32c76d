import type { SwapFigures } from '../pgtable/exclusive-bit.js';
import { formatCell } from './cell.js';
import { Figure, type FigureWords, type PlotlyObject } from './figure.js';
import { Table } from './table.js';
import { COLOURS } from './template.js';

const PIXELS_PER_VARIANT = 19;
const FRAME_PIXELS = 150;

/**
 * The atlas of swap PTEs: for each architecture variant a line with the width of the offset and, on a logarithmic
 * axis, the largest swap area, before and after the series.
 *
 * @param layouts what `swapFigures` gives, in the order of the lines from the top
 */
export function atlas(layouts: readonly SwapFigures[], words: FigureWords): Figure {
  const states = ['before', 'after'] as const;
  const names = [...new Set(layouts.map(({ arch }) => arch))];
  const panels = states.flatMap((state) => {
    const rows = layouts.filter((layout) => layout.state === state);
    return [
      dots(state, rows, 'offsetBits', { xaxis: 'x', showlegend: true }),
      dots(state, rows, 'largest', { xaxis: 'x2', showlegend: false }),
    ];
  });
  return new Figure({
    height: FRAME_PIXELS + PIXELS_PER_VARIANT * names.length,
    ...words,
    data: panels,
    layout: {
      yaxis: { type: 'category', range: [names.length - 0.5, -0.5], tickfont: { size: 11 }, dtick: 1 },
      xaxis: { domain: [0, 0.47], title: { text: 'offset bits' } },
      xaxis2: {
        domain: [0.53, 1],
        type: 'log',
        dtick: 3,
        exponentformat: 'power',
        tickangle: 0,
        title: { text: 'largest swap area, bytes' },
      },
    },
    text: table(layouts, names).toString(),
  });
}

/** An open ring for before, a filled dot for after: where nothing changed, one sits in the other. */
function dots(
  state: 'before' | 'after',
  rows: readonly SwapFigures[],
  field: 'offsetBits' | 'largest',
  more: PlotlyObject,
): PlotlyObject {
  const before = state === 'before';
  return {
    type: 'scatter',
    mode: 'markers',
    name: state,
    legendgroup: state,
    x: rows.map((row) => row[field]),
    y: rows.map((row) => row.arch),
    marker: before
      ? { symbol: 'circle-open', size: 11, color: COLOURS[1], line: { width: 2 } }
      : { symbol: 'circle', size: 6, color: COLOURS[0] },
    ...more,
  };
}

function table(layouts: readonly SwapFigures[], names: readonly string[]): Table {
  const cell = (arch: string, field: 'offsetBits' | 'exclusive', state: string): string =>
    formatCell(layouts.find((l) => l.arch === arch && l.state === state)?.[field]);
  return new Table({
    columns: ['variant', 'offset bits before', 'after', 'exclusive bit before', 'after'],
    rows: names.map((arch) => [
      arch,
      ...(['offsetBits', 'exclusive'] as const).flatMap((field) => [
        cell(arch, field, 'before'),
        cell(arch, field, 'after'),
      ]),
    ]),
    limit: names.length,
  });
}
