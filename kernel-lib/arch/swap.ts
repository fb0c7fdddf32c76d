import { parseSlices } from '../base/bitfield.js';
import { highOf, highWord, lowOf, numberOf, placement } from '../base/scatter.js';
import { type SwapLayout } from './arch.js';
import { type MaskReader } from './mask.js';
import { type Change, compileOperation } from './operation.js';
import { type Predicate, type PteWords, compileTest } from './predicate.js';

/** How swap entries go into PTEs that are not present. */
export interface SwapCodec {
  /** Makes `w[i]` hold a swap entry; `offset` is exact up to 2^53, {@link swpEntryToPteWords} beyond. */
  readonly swpEntryToPte: (w: PteWords, i: number, type: number, offset: number) => void;
  readonly swpEntryToPteWords: (w: PteWords, i: number, type: number, lo: number, hi: number) => void;
  /** The type as the architecture's decoder reads it, with the markers still in place. */
  readonly pteSwpType: (w: PteWords, i: number) => number;
  /** The offset as the architecture's decoder reads it, exact up to 2^53. */
  readonly pteSwpOffset: (w: PteWords, i: number) => number;
  /** As `pteSwpOffset`, but exact: stores the offset's two words at `out[o]`. */
  readonly pteSwpOffsetWords: (w: PteWords, i: number, out: PteWords, o: number) => void;

  readonly pteSwpExclusive: Predicate;
  readonly pteSwpMkexclusive: Change;
  readonly pteSwpClearExclusive: Change;
  readonly pteSwpSoftDirty: Predicate;
  readonly pteSwpMksoftDirty: Change;
  readonly pteSwpClearSoftDirty: Change;
  readonly pteSwpUffdWp: Predicate;
  readonly pteSwpMkuffdWp: Change;
  readonly pteSwpClearUffdWp: Change;
  /** Clears exclusive, soft-dirty and uffd-wp, each if it is seen: what remains is the bare entry. */
  readonly pteSwpClearFlags: Change;
}

export function compileSwap(layout: SwapLayout, masks: MaskReader): SwapCodec {
  const exclusive = marker(layout.exclusive, masks);
  const softDirty = marker(layout.softDirty, masks);
  const uffdWp = marker(layout.uffdWp, masks);
  const seen = layout.exclusiveReturnsInt
    ? compileTest(lowHalf(layout.exclusive, masks), masks)
    : exclusive.is;
  return {
    ...encoder(layout, masks),
    ...decoder(layout, masks),
    pteSwpExclusive: seen,
    pteSwpMkexclusive: exclusive.set,
    pteSwpClearExclusive: exclusive.clear,
    pteSwpSoftDirty: softDirty.is,
    pteSwpMksoftDirty: softDirty.set,
    pteSwpClearSoftDirty: softDirty.clear,
    pteSwpUffdWp: uffdWp.is,
    pteSwpMkuffdWp: uffdWp.set,
    pteSwpClearUffdWp: uffdWp.clear,
    pteSwpClearFlags(w, i) {
      if (seen(w, i)) exclusive.clear(w, i);
      if (softDirty.is(w, i)) softDirty.clear(w, i);
      if (uffdWp.is(w, i)) uffdWp.clear(w, i);
    },
  };
}

function encoder(layout: SwapLayout, masks: MaskReader) {
  const types = placement(parseSlices(layout.encodes?.type ?? layout.type));
  const offsets = placement(parseSlices(layout.encodes?.offset ?? layout.offset));
  const fixed = masks.words(layout.fixed ?? '0');
  const inverted = masks.words(layout.inverted ?? '0');
  function swpEntryToPteWords(w: PteWords, i: number, type: number, lo: number, hi: number): void {
    const offsetLow = offsets.scatter(lo, hi);
    const offsetHigh = highWord;
    w[i] = ((offsetLow | types.scatter(type, 0)) ^ inverted.lo) | fixed.lo;
    w[i + 1] = ((offsetHigh | highWord) ^ inverted.hi) | fixed.hi;
  }
  return {
    swpEntryToPteWords,
    swpEntryToPte(w: PteWords, i: number, type: number, offset: number): void {
      swpEntryToPteWords(w, i, type, lowOf(offset), highOf(offset));
    },
  };
}

function decoder(layout: SwapLayout, masks: MaskReader) {
  const types = placement(parseSlices(layout.decodes?.type ?? layout.type));
  const offsets = placement(parseSlices(layout.decodes?.offset ?? layout.offset));
  const { lo, hi } = masks.words(layout.inverted ?? '0');
  return {
    pteSwpType: (w: PteWords, i: number): number => types.gather(w[i]! ^ lo, w[i + 1]! ^ hi),
    pteSwpOffset(w: PteWords, i: number): number {
      const low = offsets.gather(w[i]! ^ lo, w[i + 1]! ^ hi);
      return numberOf(low, highWord);
    },
    pteSwpOffsetWords(w: PteWords, i: number, out: PteWords, o: number): void {
      out[o] = offsets.gather(w[i]! ^ lo, w[i + 1]! ^ hi);
      out[o + 1] = highWord;
    },
  };
}

function marker(mask: string | undefined, masks: MaskReader) {
  return {
    is: compileTest(mask ?? '0', masks),
    set: compileOperation(mask === undefined ? undefined : { set: mask }, masks),
    clear: compileOperation(mask === undefined ? undefined : { clear: mask }, masks),
  };
}

/** What C's conversion to `int` leaves of a mask. */
function lowHalf(mask: string | undefined, masks: MaskReader): string {
  return `0x${BigInt.asUintN(32, masks.value(mask ?? '0')).toString(16)}`;
}
