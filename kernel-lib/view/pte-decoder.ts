import { patchedCodec } from '../arch/codec.js';
import { type Field, presentFields, swapFields } from '../arch/fields.js';
import { archById } from '../arch/variants.js';
import { badArgument, checkOptions } from '../base/argument.js';
import { maskOf } from '../base/bitfield.js';
import { InputError } from '../base/error.js';
import { releaseByName, resolvePatches } from '../patches/releases.js';
import { type DecodedPte, decodeMachinePte } from '../pgtable/decode.js';
import { checkFits, parseValues } from '../pgtable/pasted-values.js';
import { bitfield } from './bitfield.js';
import { escapeHtml } from './html.js';
import { mimeBundle } from './mime.js';
import { Table } from './table.js';
import { Widget } from './widget.js';

/** Whose entry it is. */
export interface PteDecoderOptions {
  /** An architecture variant; absent: `x86_64`. */
  readonly arch?: string;
  /** A release that boot knows; absent: `6.1`. */
  readonly release?: string;
}

/** What the decoder is asked, as people type it. */
export interface PteQuestion extends Required<PteDecoderOptions> {
  readonly value: string;
}

/**
 * A page-table entry to be read, with fields to try other values, architectures and releases:
 * `view.pteDecoder('80000001234567e7')`.
 *
 * @param value the raw entry: hexadecimal digits, a line of a kernel's log that holds `pte:…`, or a bigint
 * @throws InputError on what is no entry of that architecture, and names that there are not
 */
export function pteDecoder(value: string | bigint, options: PteDecoderOptions = {}): Widget {
  checkOptions('view.pteDecoder', options, ['arch', 'release']);
  const { arch = 'x86_64', release = '6.1' } = options;
  if (typeof value !== 'bigint' && typeof value !== 'string') {
    throw badArgument('view.pteDecoder', 'value', value, 'a bigint, or hexadecimal digits');
  }
  const question = { value: typeof value === 'bigint' ? `0x${value.toString(16)}` : value, arch, release };
  const answer = new PteAnswer(question);
  return new Widget({
    title: 'What does a page-table entry say?',
    text: answer.text,
    html: `<div class="fb-answer">${answer.html}</div>`,
    script: { name: 'decoder', data: question },
  });
}

/** What an entry says to one architecture of one release. */
export class PteAnswer {
  readonly #question: PteQuestion;
  readonly #decoded: DecodedPte;
  readonly #fields: Table;
  /** The entry, bit by bit. */
  readonly #picture: string;

  /** @throws InputError on what is no entry of that architecture, and names that there are not */
  constructor(question: PteQuestion) {
    const { arch: id, release } = question;
    const arch = archById(id);
    const patched = resolvePatches(releaseByName(release), id);
    const pte = patchedCodec(arch, patched);
    const value = onlyValue(question.value);
    checkFits(arch, value);
    this.#question = question;
    this.#decoded = decodeMachinePte({ pte, patched }, value);
    const isPresent = ['none', 'present'].includes(this.#decoded.kind);
    const fields = isPresent ? presentFields(arch) : swapFields(arch, pte.state);
    this.#fields = fieldTable(fields, value);
    this.#picture = bitfield(arch, { of: isPresent ? 'present' : { swap: pte.stateName }, value }).svg;
  }

  get text(): string {
    return [this.#headline, this.#fields.toString(), this.#unexplained].filter((part) => part).join('\n\n');
  }

  get html(): string {
    return (
      `<p><strong>${escapeHtml(this.#headline)}</strong></p>` +
      `<div class="fb-scroll" tabindex="0" role="group" aria-label="Bits">${this.#picture}</div>` +
      `<div class="fb-scroll" tabindex="0" role="group" aria-label="Fields">${this.#fields[mimeBundle]()['text/html']}</div>` +
      (this.#unexplained && `<p>${this.#unexplained}</p>`)
    );
  }

  get #headline(): string {
    const { value, text } = this.#decoded;
    return `${value} on ${this.#question.arch}, ${releaseByName(this.#question.release)}: ${text}`;
  }

  get #unexplained(): string {
    const { unexplained } = this.#decoded;
    return unexplained === '0x0' ? '' : `Bits that no field explains: ${unexplained}`;
  }
}

function onlyValue(text: string): bigint {
  const [value, ...more] = parseValues(text);
  if (value === undefined) throw new InputError('an entry is wanted: 1 to 16 hexadecimal digits');
  if (more.length > 0) throw new InputError(`one entry at a time; here are ${more.length + 1}`);
  return value;
}

/** The fields that hold something. */
function fieldTable(fields: readonly Field[], value: bigint): Table {
  const rows = fields
    .filter(({ slices }) => (value & maskOf(slices)) !== 0n)
    .map(({ name, means, slices }) => {
      const bits = slices.map(({ at, width }) => (width === 1 ? `${at}` : `${at + width - 1}:${at}`));
      return [bits.reverse().join(' '), name, contentOf(slices, value), means];
    });
  return new Table({ columns: ['bits', 'field', 'holds', 'meaning'], rows: rows.reverse() });
}

function contentOf(slices: Field['slices'], value: bigint): string {
  const content = slices.reduce((sum, { at, width, from }) => {
    return sum | (BigInt.asUintN(width, value >> BigInt(at)) << BigInt(from));
  }, 0n);
  return content < 2n ? `${content}` : `0x${content.toString(16)}`;
}
