import { type Slice, toWords } from './bitfield.js';

/**
 * The high word of the last scatter or gather; their low word is the result. JavaScript cannot return two numbers
 * without allocating, so whoever calls reads this before the next call.
 */
export let highWord = 0;

/** A field's way into a word of 64 bits and out of it. */
export interface Placement {
  /** Puts the value (lo, hi) into the field's places of an otherwise empty word. */
  scatter(lo: number, hi: number): number;
  /** Collects the value from the field's places of the word (lo, hi). */
  gather(lo: number, hi: number): number;
}

/** Compiles a field: one contiguous run, as almost every field is, becomes a shift and a mask. */
export function placement(slices: readonly Slice[]): Placement {
  const [only] = slices;
  if (slices.length !== 1 || only!.from !== 0) return scattered(slices);
  if (only!.at === 0) return atBottom(only!);
  return only!.at < 32 ? inBothWords(only!) : inHighWord(only!);
}

/** The low 53 bits and more of a number as a low word: conversion to int32 takes the remainder of 2^32. */
export const lowOf = (value: number): number => value | 0;
/** Bits 32 to 52 of a whole number. */
export const highOf = (value: number): number => (value < twoTo32 ? 0 : (value / twoTo32) | 0);
/** The number of two words, exact up to 2^53. */
export const numberOf = (lo: number, hi: number): number =>
  hi === 0 ? lo >>> 0 : (hi >>> 0) * twoTo32 + (lo >>> 0);

const twoTo32 = 2 ** 32;

function valueMask({ width }: Slice): { lo: number; hi: number } {
  return toWords((1n << BigInt(width)) - 1n);
}

function atBottom(slice: Slice): Placement {
  const mask = valueMask(slice);
  const pass = (lo: number, hi: number): number => {
    highWord = hi & mask.hi;
    return lo & mask.lo;
  };
  return { scatter: pass, gather: pass };
}

function inBothWords(slice: Slice): Placement {
  const { at } = slice;
  const rest = 32 - at;
  const mask = valueMask(slice);
  return {
    scatter(lo, hi) {
      const low = lo & mask.lo;
      highWord = ((hi & mask.hi) << at) | (low >>> rest);
      return low << at;
    },
    gather(lo, hi) {
      highWord = (hi >>> at) & mask.hi;
      return ((lo >>> at) | (hi << rest)) & mask.lo;
    },
  };
}

function inHighWord(slice: Slice): Placement {
  const at = slice.at - 32;
  const mask = valueMask(slice).lo;
  return {
    scatter(lo) {
      highWord = (lo & mask) << at;
      return 0;
    },
    gather(_lo, hi) {
      highWord = 0;
      return (hi >>> at) & mask;
    },
  };
}

/** A part of a field that crosses no 32-bit border, neither in the value nor in the word. */
interface Piece {
  readonly valueHigh: boolean;
  readonly wordHigh: boolean;
  readonly valueShift: number;
  readonly wordShift: number;
  readonly mask: number;
}

function scattered(slices: readonly Slice[]): Placement {
  const pieces = slices.flatMap((slice) => [...cut(slice)]);
  return {
    scatter(lo, hi) {
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
    },
    gather(lo, hi) {
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
    },
  };
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

/** Two words as JavaScript expressions. */
export interface WordTexts {
  readonly lo: string;
  readonly hi: string;
}

/** A field's value, of a word that stands in the names `lo` and `hi`. */
export function gatherText(slices: readonly Slice[]): WordTexts {
  return joined(slices, (p) => ({
    high: p.valueHigh,
    text: `((${p.wordHigh ? 'hi' : 'lo'} >>> ${p.wordShift}) & ${p.mask}) << ${p.valueShift}`,
  }));
}

/** The word that holds nothing but a field, whose value stands in the names `lo` and `hi`. */
export function scatterText(slices: readonly Slice[]): WordTexts {
  return joined(slices, (p) => ({
    high: p.wordHigh,
    text: `((${p.valueHigh ? 'hi' : 'lo'} >>> ${p.valueShift}) & ${p.mask}) << ${p.wordShift}`,
  }));
}

function joined(
  slices: readonly Slice[],
  part: (piece: Piece) => { readonly high: boolean; readonly text: string },
): WordTexts {
  const parts = slices.flatMap((slice) => [...cut(slice)]).map(part);
  const ofHalf = (high: boolean) => parts.filter((p) => p.high === high).map(({ text }) => `(${text})`);
  return { lo: ofHalf(false).join(' | ') || '0', hi: ofHalf(true).join(' | ') || '0' };
}
