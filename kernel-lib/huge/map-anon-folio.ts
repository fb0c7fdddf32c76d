import { hpagePmdNr } from '../folio/compound.js';
import { PG_uptodate } from '../folio/flags.js';
import { setFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, mkHugePmd, pmdMkdirty, pmdMkwrite, setPmdAt } from '../pgtable/pmd.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { MM_ANONPAGES, Mm, addMmCounter } from '../vma/mm.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * Maps a new huge page where its table is locked and no leaf is, dirty before the first store.
 *
 * MODEL: map_anon_folio_pmd() of v6.13, which older releases have in __do_huge_pmd_anonymous_page().
 */
export function* mapAnonFolioPmd(
  k: Machine,
  folio: number,
  pmdp: number,
  vma: Vma,
  haddr: number,
): Step<void> {
  setFlag(k, folio, PG_uptodate);
  const entry = pmdMkdirty(k, mkHugePmd(k, folio, k.pte.protectionMap[vma.vmPageProt]!));
  yield* pageAddNewAnonRmap(k, folio, vma, haddr);
  yield* folioAddLruVma(k, folio, vma);
  yield* setPmdAt(k, pmdp, maybePmdMkwrite(k, entry, vma));
  addMmCounter(k, Mm.at(k, vma.vmMm), MM_ANONPAGES, hpagePmdNr(k));
  k.count('thp_fault_alloc');
}

/** @kernel mm/huge_memory.c maybe_pmd_mkwrite v6.2 */
export function maybePmdMkwrite(k: Machine, pmd: Pmd, vma: Vma): Pmd {
  return (vma.vmFlags & VM_WRITE) !== 0 ? pmdMkwrite(k, pmd) : pmd;
}
