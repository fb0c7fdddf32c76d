import { Figure, type FigureWords, type PlotlyObject } from './figure.js';
import { groupBy } from './rows.js';

/** One step of somebody, at its place in time. */
export interface TimelineRow {
  /** Who did it: a row of the figure. */
  readonly lane: string;
  /** What was done: bars are joined while it stays the same. */
  readonly label: string;
  /** What else is told when a reader points at it, one line each. */
  readonly notes?: readonly string[];
}

/** A bar: steps of one lane that follow one another. */
interface Bar {
  readonly lane: string;
  readonly from: number;
  readonly rows: readonly TimelineRow[];
}

const LANE_HEIGHT = 70;

/**
 * Who did what in which order: a lane for everybody, a bar for each uninterrupted run of steps. The horizontal axis
 * counts steps.
 *
 * @param rows in order of time
 * @param lanes all names, top first; absent: in order of appearance
 * @param options.text the same in words, for terminals and screen readers
 */
export function timeline(
  rows: readonly TimelineRow[],
  { lanes, ...options }: FigureWords & { readonly lanes?: readonly string[]; readonly text: string },
): Figure {
  const bars = joined(rows);
  const names = lanes ?? [...new Set(rows.map(({ lane }) => lane))];
  return new Figure({
    height: 160 + LANE_HEIGHT * names.length,
    ...options,
    data: [...groupBy(bars, 'lane')].map(([lane, own]) => trace(lane!, own)),
    layout: {
      barmode: 'overlay',
      showlegend: false,
      xaxis: { title: { text: 'step' }, range: [0, rows.length] },
      yaxis: { type: 'category', categoryorder: 'array', categoryarray: [...names].reverse() },
    },
  });
}

function joined(rows: readonly TimelineRow[]): Bar[] {
  const bars: { lane: string; from: number; rows: TimelineRow[] }[] = [];
  rows.forEach((row, from) => {
    const last = bars.at(-1);
    if (last?.lane === row.lane) last.rows.push(row);
    else bars.push({ lane: row.lane, from, rows: [row] });
  });
  return bars;
}

function trace(lane: string, bars: readonly Bar[]): PlotlyObject {
  return {
    type: 'bar',
    orientation: 'h',
    name: lane,
    y: bars.map(() => lane),
    base: bars.map(({ from }) => from),
    x: bars.map(({ rows }) => rows.length),
    text: bars.map(({ rows }) => lastNote(rows)),
    textposition: 'inside',
    insidetextanchor: 'start',
    hovertext: bars.map(hover),
    hoverinfo: 'text',
  };
}

function lastNote(rows: readonly TimelineRow[]): string {
  return rows.at(-1)?.label ?? '';
}

function hover({ from, rows }: Bar): string {
  const lines = rows.flatMap(({ label, notes = [] }, i) => [
    `${from + i + 1} ${label}`,
    ...notes.map((n) => `    ${n}`),
  ]);
  return lines.join('<br>');
}
