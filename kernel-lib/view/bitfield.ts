import { type Arch } from '../arch/arch.js';
import { type LeafLevel, entriesOf, pteCodec } from '../arch/codec.js';
import { type Field, presentFields, swapFields } from '../arch/fields.js';
import { InputError } from '../base/error.js';
import { escapeHtml } from './html.js';
import { type Displayable, type MimeBundle, mimeBundle } from './mime.js';

export interface BitFieldOptions {
  /** A present entry, one above the lowest level that maps a page, or a swap entry in a state of its history. */
  readonly of: 'present' | Exclude<LeafLevel, 'pte'> | { readonly swap: string };
  /** Bits to write into the cells. */
  readonly value?: bigint;
  /** Absent: the architecture and what kind of entry it is. */
  readonly title?: string;
}

/** A run of bits of one field, or of none. */
interface Cell {
  readonly high: number;
  readonly low: number;
  readonly field?: Field;
}

/**
 * Draws the fields of an architecture's entries as SVG and as text.
 *
 * @param arch the record, such as `archById('x86_64')`
 * @throws InputError if the record has no such state
 */
export function bitfield(arch: Arch, options: BitFieldOptions): BitFieldPicture {
  return new BitFieldPicture(arch, options);
}

const cellWidth = 24;
const rowHeight = 104;
const cellHeight = 70;
const wordBits = 32;

/** A picture of an entry: shows as SVG in a notebook, as text elsewhere. */
export class BitFieldPicture implements Displayable {
  readonly title: string;
  readonly cells: readonly Cell[];
  readonly value: bigint | undefined;

  constructor(arch: Arch, { of, value, title }: BitFieldOptions) {
    this.value = value;
    if (typeof of === 'string') {
      this.title = title ?? `${arch.title}: ${of === 'present' ? 'a present entry' : `a leaf, ${of}`}`;
      this.cells = cellsOf(
        presentFields(of === 'present' ? arch : entriesOf(pteCodec(arch, 'after'), of).layout),
        arch.pteBits,
      );
      return;
    }
    const state = arch.states[of.swap];
    if (!state) {
      throw new InputError(
        `${arch.id} has no state '${of.swap}'; it has ${Object.keys(arch.states).join(', ')}`,
      );
    }
    this.title = title ?? `${arch.title}: a swap entry, ${state.is}`;
    this.cells = cellsOf(swapFields(arch, state), arch.pteBits);
  }

  /** One line a field, highest bit first. */
  get text(): string {
    const lines = this.cells.map((cell) => {
      const place = cell.high === cell.low ? `${cell.high}` : `${cell.high}:${cell.low}`;
      const bits = this.value === undefined ? '' : ` = ${this.#bits(cell)}`;
      const { name = '-', means = 'not used' } = cell.field ?? {};
      return `${place.padStart(5)}  ${name}${bits}  (${means})`;
    });
    return [this.title, ...lines].join('\n');
  }

  /** Rows of 32 bits, highest first; every cell says its field and meaning on hovering. */
  get svg(): string {
    const rows = rowsOf(this.cells);
    const height = rows.length * rowHeight + 30;
    const width = wordBits * cellWidth + 2;
    const body = rows.map((row, n) => row.map((cell) => this.#cell(cell, n)).join('')).join('');
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
      `font-family="sans-serif" font-size="11"><title>${escapeHtml(this.title)}</title>` +
      `<text x="1" y="16" font-size="13" fill="currentColor">${escapeHtml(this.title)}</text>${body}</svg>`
    );
  }

  [mimeBundle](): MimeBundle {
    return {
      'text/plain': this.text,
      'image/svg+xml': this.svg,
      // In a page the picture takes the letters' colour, and stays wide enough for the names of its bits.
      'text/html': `<div style="min-width:38rem;max-width:47rem">${this.svg}</div>`,
    };
  }

  #bits({ high, low }: Cell): string {
    const width = high - low + 1;
    const bits = BigInt.asUintN(width, this.value! >> BigInt(low));
    return width > 4 ? `0x${bits.toString(16)}` : bits.toString(2).padStart(width, '0');
  }

  #cell(cell: Cell, row: number): string {
    const { high, low, field } = cell;
    const x = 1 + (wordBits - 1 - (high % wordBits)) * cellWidth;
    const y = 30 + row * rowHeight;
    const width = (high - low + 1) * cellWidth;
    const middle = x + width / 2;
    const label = field ? shortName(field.name) : '';
    const tip = field ? `${field.name}: ${field.means}` : 'not used';
    // A narrow cell has room for its name only from top to bottom.
    const upright = label.length * 6.2 > width;
    const turn = upright ? ` transform="rotate(-90 ${middle + 4} ${y + 47})"` : '';
    const shown =
      this.value === undefined
        ? ''
        : text(middle, y + 94, this.#bits(cell), ' fill="currentColor" font-size="9"');
    return (
      `<g><title>${escapeHtml(tip)}</title>` +
      `<rect x="${x}" y="${y + 12}" width="${width}" height="${cellHeight}" ` +
      `fill="${colours[field?.role ?? 'unused']}" stroke="#444"/>` +
      text(x + 3, y + 9, String(high), ' fill="currentColor" font-size="8" text-anchor="start"') +
      text(
        upright ? middle + 4 : middle,
        y + (upright ? 47 : 51),
        upright ? label.slice(0, 11) : label,
        turn,
      ) +
      `${shown}</g>`
    );
  }
}

const colours: Readonly<Record<Field['role'] | 'unused', string>> = {
  frame: '#cfe2f3',
  flag: '#fff2cc',
  type: '#d9ead3',
  offset: '#cfe2f3',
  marker: '#f4cccc',
  fixed: '#d9d9d9',
  unused: '#ffffff',
};

function text(x: number, y: number, content: string, attributes = ''): string {
  const anchor = attributes.includes('text-anchor') ? '' : ' text-anchor="middle"';
  const fill = attributes.includes('fill') ? '' : ' fill="#111"';
  return `<text x="${x}" y="${y}"${fill}${anchor}${attributes}>${escapeHtml(content)}</text>`;
}

/** `_PAGE_ACCESSED` says no more than `ACCESSED` in a narrow cell. */
function shortName(name: string): string {
  return name
    .replace(/^_*(?:PAGE|L_PTE|PTE|SRMMU|CF_PAGE|SUN3_PAGE|SEGMENT_ENTRY|REGION3?_ENTRY)_/, '')
    .replace(/^_+|_MASK$/g, '');
}

/** Every bit, highest first, as runs of one field or of none. */
function cellsOf(fields: readonly Field[], pteBits: number): readonly Cell[] {
  const owner = new Array<Field | undefined>(pteBits);
  for (const field of fields) {
    for (const { at, width } of field.slices) owner.fill(field, at, at + width);
  }
  const cells: Cell[] = [];
  for (let high = pteBits - 1, low = high; high >= 0; high = --low) {
    while (low % wordBits !== 0 && owner[low - 1] === owner[high]) low--;
    cells.push({ high, low, ...(owner[high] && { field: owner[high] }) });
  }
  return cells;
}

function rowsOf(cells: readonly Cell[]): readonly (readonly Cell[])[] {
  const high = cells.filter(({ low }) => low >= wordBits);
  const low = cells.filter((cell) => cell.low < wordBits);
  return high.length > 0 ? [high, low] : [low];
}
