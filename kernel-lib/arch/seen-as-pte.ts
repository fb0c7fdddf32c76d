import type { Words } from '../base/bitfield.js';
import type { SeenAsPte } from './arch.js';
import type { EntryReader } from './entry.js';
import type { Change } from './operation.js';
import type { PteWords } from './predicate.js';

/** The two directions in which hugetlb converts where leaves are encoded otherwise than PTEs. */
export interface SeenAsPteCodec {
  /** `__rste_to_pte()` of arch/s390/mm/hugetlbpage.c. What is not present becomes an empty PTE. */
  readonly leafToPte: Change;
  /** `__pte_to_rste()`, and what `set_huge_pte_at()` adds. What is not present becomes an empty leaf: markers are lost. */
  readonly pteToLeaf: Change;
}

/** Bits that are the same thing in two encodings. */
interface Move {
  readonly from: Words;
  readonly to: Words;
}

export function compileSeenAs(
  { moves, leaf, pte }: SeenAsPte,
  leaves: EntryReader,
  ptes: EntryReader,
): SeenAsPteCodec {
  const pairs = Object.entries(moves).map(
    ([of, as]) => [leaves.masks.words(of), ptes.masks.words(as)] as const,
  );
  const frame = leaves.masks.words(`[${leaves.layout.pfn.at}]`);
  const { pteEmpty: noLeaf } = leaves;
  const { pteEmpty: noPte } = ptes;
  return {
    leafToPte: conversion(
      pairs.map(([from, to]) => ({ from, to })),
      { frame, ones: ptes.masks.words(pte), is: leaves.ptePresent, empty: noPte },
    ),
    pteToLeaf: conversion(
      pairs.map(([to, from]) => ({ from, to })),
      { frame, ones: leaves.masks.words(leaf), is: ptes.ptePresent, empty: noLeaf },
    ),
  };
}

interface Conversion {
  readonly frame: Words;
  readonly ones: Words;
  readonly is: EntryReader['ptePresent'];
  readonly empty: Words;
}

function conversion(moves: readonly Move[], { frame, ones, is, empty }: Conversion): Change {
  return (w, i) => {
    if (!is(w, i)) return store(w, i, empty);
    let lo = (w[i]! & frame.lo) | ones.lo;
    let hi = (w[i + 1]! & frame.hi) | ones.hi;
    for (const { from, to } of moves) {
      if (((w[i]! & from.lo) | (w[i + 1]! & from.hi)) === 0) continue;
      lo |= to.lo;
      hi |= to.hi;
    }
    store(w, i, { lo, hi });
  };
}

function store(w: PteWords, i: number, { lo, hi }: Words): void {
  w[i] = lo;
  w[i + 1] = hi;
}
