import { Figure, type FigureWords, type PlotlyObject } from './figure.js';
import { COLOURS, INK } from './template.js';

/** A question with two answers, each an outcome in words or another question. */
export interface Decision {
  readonly ask: string;
  readonly yes: Decision | string;
  readonly no: Decision | string;
}

/** A question or an outcome, and its place: columns to the right, rows downwards. */
interface Place {
  readonly text: string;
  readonly isOutcome: boolean;
  readonly column: number;
  readonly row: number;
}

/** From a question to the next place on its way. */
interface Way {
  readonly answer: 'yes' | 'no';
  readonly from: Place;
  readonly to: Place;
}

const ROW_HEIGHT = 46;

/** Of a letter in a box, of what is around it, and of the answer beside it, in CSS pixels. */
const LETTER_WIDTH = 6.6;
const BOX_MARGIN = 20;
const ANSWER_WIDTH = 30;

/**
 * A decision tree: from each question `yes` leads to the right and `no` down, as one reads a chain of ifs.
 *
 * @param root for example `{ ask: 'pte_none()', yes: 'nothing there', no: { … } }`
 */
export function decisionTree(root: Decision, words: FigureWords): Figure {
  const places: Place[] = [];
  const ways: Way[] = [];
  const rows = lay(root, 0, 0, places, ways);
  const columns = Math.max(...places.map(({ column }) => column)) + 1;
  return new Figure({
    height: rows * ROW_HEIGHT + 110,
    minWidth: narrowest(places, columns),
    ...words,
    data: [lines(ways)],
    layout: {
      showlegend: false,
      margin: { l: 8, r: 8, t: 56, b: 8 },
      xaxis: { visible: false, range: [-0.05, columns], fixedrange: true },
      yaxis: { visible: false, range: [rows - 0.4, -0.6], fixedrange: true },
      annotations: [...places.map(box), ...ways.map(label)],
    },
    text: asText(root, ''),
  });
}

/** In how few CSS pixels all boxes lie beside each other and inside: they do not shrink with the figure. */
function narrowest(places: readonly Place[], columns: number): number {
  const needed = places.map(({ text, isOutcome, column }) => {
    const width = text.length * LETTER_WIDTH + BOX_MARGIN;
    return columns * (isOutcome ? width / (columns - column) : width + ANSWER_WIDTH);
  });
  return Math.ceil(Math.max(...needed));
}

/** Puts a tree at a place. @returns how many rows it takes */
function lay(tree: Decision | string, column: number, row: number, places: Place[], ways: Way[]): number {
  const text = typeof tree === 'string' ? tree : tree.ask;
  const here: Place = { text, isOutcome: typeof tree === 'string', column, row };
  const at = places.push(here);
  if (typeof tree === 'string') return 1;
  const yes = lay(tree.yes, column + 1, row, places, ways);
  ways.push({ answer: 'yes', from: here, to: places[at]! });
  const behind = places.length;
  const no = lay(tree.no, column, row + yes, places, ways);
  ways.push({ answer: 'no', from: here, to: places[behind]! });
  return yes + no;
}

/** Where the lines leave a question when they go down: below the first letters of its box. */
const STEM = 0.06;

function lines(ways: readonly Way[]): PlotlyObject {
  const x: (number | null)[] = [];
  const y: (number | null)[] = [];
  for (const { answer, from, to } of ways) {
    const shift = answer === 'no' ? STEM : 0;
    x.push(from.column + shift, to.column + shift, null);
    y.push(from.row, to.row, null);
  }
  return { type: 'scatter', mode: 'lines', x, y, line: { color: INK, width: 1 }, hoverinfo: 'skip' };
}

function box({ text, isOutcome, column, row }: Place): PlotlyObject {
  const look = isOutcome
    ? { bgcolor: '#dcebf5', bordercolor: COLOURS[0] }
    : { bgcolor: '#ffffff', bordercolor: INK };
  return {
    ...look,
    text,
    x: column,
    y: row,
    xanchor: 'left',
    showarrow: false,
    borderpad: 4,
    font: { color: '#111' },
  };
}

function label({ answer, from, to }: Way): PlotlyObject {
  const place =
    answer === 'yes'
      ? { x: to.column - 0.03, y: from.row - 0.22, xanchor: 'right' }
      : { x: from.column + STEM + 0.02, y: to.row - 0.5, xanchor: 'left' };
  return { ...place, text: answer, showarrow: false, font: { size: 11, color: INK } };
}

function asText(tree: Decision | string, indent: string): string {
  if (typeof tree === 'string') return `${indent}${tree}`;
  const { ask, yes, no } = tree;
  const onYes =
    typeof yes === 'string' ? `${indent}${ask}? ${yes}` : `${indent}${ask}?\n${asText(yes, `${indent}  `)}`;
  return `${onYes}\n${asText(no, indent)}`;
}
