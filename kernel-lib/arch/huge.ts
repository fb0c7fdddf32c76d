import type { Words } from '../base/bitfield.js';
import { type Arch, type HugeLayout } from './arch.js';
import { type EntryCodec, type EntryReader, type Pgprot, compileEntry, compileReader } from './entry.js';
import { type Change, compileOperation } from './operation.js';
import { type PteWords, type Predicate, compileTest } from './predicate.js';
import { type SeenAsPteCodec, compileSeenAs } from './seen-as-pte.js';

/** What mm code does to PMD entries that map a page themselves. */
export interface HugeCodec {
  /** All that leaves have in common with PTEs; where they are encoded like these, it is what their codec does. */
  readonly leaf: EntryCodec;
  /** `pfn_pmd()` and `pmd_modify()`, with a protection of PTEs. */
  readonly pfnPmd: (w: PteWords, i: number, pfn: number, prot: Pgprot) => void;
  readonly pmdModify: (w: PteWords, i: number, prot: Pgprot) => void;
  readonly pmdMkhuge: Change;
  /** The MMU no longer follows the entry; to the kernel it still maps its page. */
  readonly pmdMkinvalid: Change;
  readonly pmdTransHuge: Predicate;
  readonly pmdPresent: Predicate;
  /** What an entry that stands for a huge page on its way has beside a PTE's; undefined where there are none. */
  readonly migration: Words | undefined;
  /** What hugetlb does to a PTE that stands for a leaf: `pte_mkhuge()`. */
  readonly pteMkhuge: Change;
  /** How leaves become the PTEs that hugetlb sees, and these leaves; undefined where they are alike. */
  readonly seenAs: SeenAsPteCodec | undefined;
  /** Leaves of the level above; undefined where they are like these. */
  readonly pudLeaf: EntryReader | undefined;
}

/** @returns undefined where huge pages are not supported */
export function compileHuge(arch: Arch, pte: EntryCodec): HugeCodec | undefined {
  const { huge } = arch;
  if (huge === undefined) return undefined;
  const { pudLeaf } = huge;
  const leaf = huge.leaf === undefined ? pte : compileEntry(arch, huge.leaf);
  const pmdMkhuge = compileOperation(huge.mkhuge, leaf.masks);
  return {
    leaf,
    ...(leaf === pte ? likePtes(pte, pmdMkhuge) : ownProtections(leaf)),
    pmdMkhuge,
    pmdMkinvalid: mkinvalid(huge, leaf),
    pmdTransHuge: compileTest(huge.transHuge, leaf.masks),
    pmdPresent: compileTest(huge.present, leaf.masks),
    migration: huge.migration === undefined ? undefined : leaf.masks.words(huge.migration),
    pteMkhuge:
      huge.leaf === undefined ? pmdMkhuge : compileOperation({ set: huge.leaf.seenAs.pte }, pte.masks),
    seenAs: huge.leaf && compileSeenAs(huge.leaf.seenAs, leaf, pte),
    pudLeaf: pudLeaf && compileReader(arch, pudLeaf),
  };
}

function likePtes(
  { pfnPte, pteModify }: EntryCodec,
  pmdMkhuge: Change,
): Pick<HugeCodec, 'pfnPmd' | 'pmdModify'> {
  return {
    pfnPmd: pfnPte,
    pmdModify(w, i, prot) {
      pteModify(w, i, prot);
      // Its size is no part of the protection, and stays.
      pmdMkhuge(w, i);
    },
  };
}

function ownProtections({ pfnPte, pteModify, pgprot }: EntryCodec): Pick<HugeCodec, 'pfnPmd' | 'pmdModify'> {
  return {
    pfnPmd: (w, i, pfn, { name }) => pfnPte(w, i, pfn, pgprot(name)),
    pmdModify: (w, i, { name }) => pteModify(w, i, pgprot(name)),
  };
}

/** By way of the frame number: an entry that the MMU must not follow may store it in another form. */
function mkinvalid(huge: HugeLayout, { layout, masks, ptePfn, pfnPte }: EntryCodec): Change {
  const field = masks.words(`[${layout.pfn.at}]`);
  const change = compileOperation(huge.mkinvalid, masks);
  return (w, i) => {
    const pfn = ptePfn(w, i);
    change(w, i);
    pfnPte(w, i, pfn, { lo: w[i]! & ~field.lo, hi: w[i + 1]! & ~field.hi });
  };
}
