import { pteVal, type LeafLevel } from '../arch/codec.js';
import { checkOptions, checkWhole } from '../base/argument.js';
import { ZERO_PFN } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { type DecodedPte, decodeMachinePte } from '../pgtable/decode.js';
import { type Pte, pteNone } from '../pgtable/pte.js';
import { TABLE, entryOf, lowest, isEmpty } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import type { Process } from '../sys/process.js';
import { checkProcess } from './process-argument.js';
import { PICTURE_WIDTH, fitted, round, svgPicture, svgText } from './svg.js';
import { COLOURS } from './template.js';
import { Widget, pictureHtml } from './widget.js';

export interface PageTablesOptions {
  /** How many entries of each lowest-level table are shown before the rest is only counted; 8 unless given. */
  readonly limit?: number;
  /** One sentence that states the finding. */
  readonly caption?: string;
}

/** An entry that maps something, or notes why nothing is mapped. */
interface Leaf {
  readonly index: number;
  readonly address: number;
  readonly tone: Tone;
  readonly words: string;
}

/** One table and what its entries lead to. */
interface Table {
  readonly name: string;
  /** The first address of its span, and its entry in the table above. */
  readonly address: number;
  readonly index: number;
  readonly nrEntries: number;
  readonly tables: readonly Table[];
  readonly leaves: readonly Leaf[];
}

const tones = {
  writable: COLOURS[2],
  readOnly: COLOURS[0],
  zero: COLOURS[6],
  away: COLOURS[1],
} as const;
type Tone = keyof typeof tones;

const DEFAULT_LIMIT = 8;

/**
 * The page tables of a process as they stand: every table, how much of it is in use, and what its entries say.
 *
 * @throws InputError when the process has exited
 */
export function pageTables(process: Process, options: PageTablesOptions = {}): Widget {
  checkProcess('view.pageTables', process);
  checkOptions('view.pageTables', options, ['limit', 'caption']);
  const { limit = DEFAULT_LIMIT, caption } = options;
  checkWhole('view.pageTables', 'limit', limit, 1);
  const { machine, mm, name } = process;
  const root = tableOf(machine, mm.pgd, 0, 0, 0);
  const lines = linesOf(root, limit, 0);
  const title = `Page tables of ${name}: ${counted(tablesIn(root), 'table', 'tables')}, ${counted(leavesIn(root), 'entry', 'entries')}`;
  const text = lines.map(({ depth, words }) => `${'  '.repeat(depth)}${words}`).join('\n');
  return new Widget({
    title,
    text,
    html: pictureHtml(picture(title, lines), text),
    ...(caption !== undefined && { caption }),
  });
}

function tableOf(k: Machine, at: number, level: number, base: number, index: number): Table {
  const { span, entries } = k.levels[level]!;
  const tables: Table[] = [];
  const leaves: Leaf[] = [];
  for (let i = 0; i < entries; i++) {
    const address = base + i * span;
    const entry = entryOf(k, at, level, address);
    const pte = { lo: ld(k.ptes, entry), hi: ld(k.ptes, entry + 1) };
    if (level === lowest(k)) {
      if (!pteNone(k, pte)) leaves.push({ index: i, address, ...meaningOf(k, pte, 'pte') });
    } else if (pte.hi === TABLE) {
      tables.push(tableOf(k, pte.lo, level + 1, address, i));
    } else if (!isEmpty(k, entry, level)) {
      const { words, tone } = meaningOf(k, pte, level === lowest(k) - 1 ? 'pmd' : 'pud');
      leaves.push({ index: i, address, words: `huge page, ${words}`, tone });
    }
  }
  return { name: k.pte.arch.levels[level]!.name, address: base, index, nrEntries: entries, tables, leaves };
}

function meaningOf(k: Machine, { lo, hi }: Pte, level: LeafLevel): Pick<Leaf, 'words' | 'tone'> {
  const decoded = decodeMachinePte(k, pteVal(Int32Array.of(lo, hi), 0), level);
  return { words: wordsOf(decoded), tone: toneOf(decoded) };
}

function isZero({ pfn }: DecodedPte): boolean {
  return pfn !== undefined && Number(pfn) === ZERO_PFN;
}

function wordsOf(decoded: DecodedPte): string {
  const { kind, pfn, writable, dirty, young, text } = decoded;
  if (kind !== 'present') return text;
  const notes = [writable ? 'writable' : 'read-only', dirty ? 'dirty' : 'clean', young ? 'young' : 'old'];
  return [isZero(decoded) ? 'the zero page' : `frame ${pfn}`, ...notes].join(', ');
}

function toneOf(decoded: DecodedPte): Tone {
  if (decoded.kind !== 'present') return 'away';
  if (isZero(decoded)) return 'zero';
  return decoded.writable ? 'writable' : 'readOnly';
}

function counted(n: number, one: string, more: string): string {
  return `${n} ${n === 1 ? one : more}`;
}

function tablesIn({ tables }: Table): number {
  return tables.reduce((sum, table) => sum + tablesIn(table), 1);
}

function leavesIn({ tables, leaves }: Table): number {
  return tables.reduce((sum, table) => sum + leavesIn(table), leaves.length);
}

/** A line of the picture: a table with a strip of its entries, an entry, or a count of those left out. */
interface Line {
  readonly depth: number;
  readonly words: string;
  readonly table?: Table;
  readonly tone?: Tone;
}

function linesOf(table: Table, limit: number, depth: number): Line[] {
  const { name, index, nrEntries, tables, leaves } = table;
  const from = depth === 0 ? '' : `entry ${index} → `;
  const used = `${name}: ${tables.length + leaves.length} of ${nrEntries} entries used`;
  const shown = leaves.slice(0, limit).map(({ index, address, words, tone }): Line => {
    return { depth: depth + 1, words: `${index}: 0x${address.toString(16)}, ${words}`, tone };
  });
  const left = leaves.length - shown.length;
  return [
    { depth, words: `${from}${used}`, table },
    ...tables.flatMap((next) => linesOf(next, limit, depth + 1)),
    ...shown,
    ...(left > 0 ? [{ depth: depth + 1, words: `… and ${left} more` }] : []),
  ];
}

const INDENT = 14;
const LINE = 19;
const STRIP = 12;

function picture(title: string, lines: readonly Line[]): string {
  let y = 4;
  const tops: number[] = [];
  const body = lines.map((line) => {
    const x = 2 + line.depth * INDENT;
    const elbow = line.depth === 0 ? '' : elbowTo(x, tops[line.depth - 1]!, y + 9);
    const top = y;
    y += LINE;
    const tone =
      line.tone && `<rect x="${x}" y="${top + 4}" width="10" height="10" fill="${tones[line.tone]}"/>`;
    const left = x + (tone ? 16 : 0);
    const text = svgText(left, top + 13, fitted(line.words, PICTURE_WIDTH - left));
    if (!line.table) return elbow + (tone ?? '') + text;
    const strip = stripOf(line.table, x, y, PICTURE_WIDTH - x - 2);
    y += STRIP + 6;
    tops[line.depth] = y - 6;
    return elbow + text + strip;
  });
  return svgPicture(title, y + 4, body.join(''));
}

/** From the table above, down its left edge and to the right. */
function elbowTo(x: number, top: number, y: number): string {
  const from = x - INDENT + 6;
  return `<path d="M${from} ${top}V${y}H${x - 3}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>`;
}

/** All entries of a table side by side, those in use filled. */
function stripOf({ nrEntries, tables, leaves }: Table, x: number, y: number, width: number): string {
  const one = width / nrEntries;
  const mark = (index: number, fill: string): string =>
    `<rect x="${round(x + index * one)}" y="${y}" width="${round(Math.max(one, 2.5))}" height="${STRIP}" fill="${fill}"/>`;
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${STRIP}" fill="currentColor" fill-opacity="0.1"/>` +
    tables.map(({ index }) => mark(index, 'currentColor')).join('') +
    leaves.map(({ index, tone }) => mark(index, tones[tone])).join('')
  );
}
