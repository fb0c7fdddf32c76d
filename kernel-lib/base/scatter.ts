import { type Slice } from './bitfield.js';

/** A part of a field that crosses no 32-bit border, neither in the value nor in the word. */
interface Piece {
  readonly valueHigh: boolean;
  readonly wordHigh: boolean;
  readonly valueShift: number;
  readonly wordShift: number;
  readonly mask: number;
}

/**
 * The high word of the last {@link scatter} or {@link gather}; their low word is the result. JavaScript cannot
 * return two numbers without allocating, so whoever calls reads this before the next call.
 */
export let highWord = 0;

/** Field places cut at 32-bit borders, ready for {@link scatter} and {@link gather}. */
export type Pieces = readonly Piece[];

export function cutAtWords(slices: readonly Slice[]): Pieces {
  return slices.flatMap((slice) => [...cut(slice)]);
}

/** Puts the value (lo, hi) into the field's places of an otherwise empty word. */
export function scatter(pieces: Pieces, lo: number, hi: number): number {
  let outLo = 0;
  let outHi = 0;
  for (let n = 0; n < pieces.length; n++) {
    const p = pieces[n]!;
    const bits = (((p.valueHigh ? hi : lo) >>> p.valueShift) & p.mask) << p.wordShift;
    if (p.wordHigh) outHi |= bits;
    else outLo |= bits;
  }
  highWord = outHi;
  return outLo;
}

/** Collects the value from the field's places of the word (lo, hi). */
export function gather(pieces: Pieces, lo: number, hi: number): number {
  let outLo = 0;
  let outHi = 0;
  for (let n = 0; n < pieces.length; n++) {
    const p = pieces[n]!;
    const bits = (((p.wordHigh ? hi : lo) >>> p.wordShift) & p.mask) << p.valueShift;
    if (p.valueHigh) outHi |= bits;
    else outLo |= bits;
  }
  highWord = outHi;
  return outLo;
}

function* cut({ at, width, from }: Slice): Generator<Piece> {
  for (let done = 0; done < width;) {
    const inWord = (at + done) % 32;
    const inValue = (from + done) % 32;
    const count = Math.min(width - done, 32 - inWord, 32 - inValue);
    yield {
      valueHigh: from + done >= 32,
      wordHigh: at + done >= 32,
      valueShift: inValue,
      wordShift: inWord,
      mask: count === 32 ? -1 : (1 << count) - 1,
    };
    done += count;
  }
}
