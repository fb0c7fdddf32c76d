import { vmBug } from './error.js';

/** 64 bits as two signed 32-bit words: what the model computes with. `hi` is 0 in a 32-bit quantity. */
export interface Words {
  readonly lo: number;
  readonly hi: number;
}

/**
 * A field of a register as a manual writes it, most significant part first: `'63:59'`, `'8'`, and in two parts
 * `'31:11 8:7'` (the field's upper bits stand in 31:11, its two lowest in 8:7). `-2` is two bits of the field that
 * stand nowhere.
 */
export type Slices = string;

/** One contiguous part of a field: `width` bits of the value from bit `from` stand in the word from bit `at`. */
export interface Slice {
  readonly at: number;
  readonly width: number;
  readonly from: number;
}

export function toWords(value: bigint): Words {
  // V8 makes -2^31 of a BigInt a floating-point number, and from then on of every word in such a record.
  return { lo: Number(BigInt.asIntN(32, value)) | 0, hi: Number(BigInt.asIntN(32, value >> 32n)) | 0 };
}

/** The unsigned value of two words. */
export function fromWords(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/**
 * Reads a field's places, least significant part first.
 *
 * @throws VmBug if `text` is not of the form `'31:11 8:7'`
 */
export function parseSlices(text: Slices): Slice[] {
  let from = 0;
  const slices: Slice[] = [];
  for (const part of text.split(' ').reverse()) {
    if (/^-\d+$/.test(part)) {
      from -= Number(part);
      continue;
    }
    const [, high, low = high] = /^(\d+)(?::(\d+))?$/.exec(part) ?? [];
    const width = Number(high) - Number(low) + 1;
    if (!(width > 0 && Number(high) < 64)) throw vmBug`'${text}' is no list of bit slices`;
    slices.push({ at: Number(low), width, from });
    from += width;
  }
  return slices;
}

/** How many bits the field holds. */
export function widthOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, slice) => sum + slice.width, 0);
}

/** The bits of the word that the field occupies. */
export function maskOf(slices: readonly Slice[]): bigint {
  return slices.reduce((mask, { at, width }) => mask | (((1n << BigInt(width)) - 1n) << BigInt(at)), 0n);
}

/** The numbers of the ones in `mask`, lowest first. */
export function bitsOf(mask: bigint): number[] {
  const bits: number[] = [];
  for (let rest = mask, bit = 0; rest !== 0n; rest >>= 1n, bit++) if (rest & 1n) bits.push(bit);
  return bits;
}
