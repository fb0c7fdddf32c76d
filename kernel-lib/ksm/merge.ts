import { folioPut } from '../folio/alloc.js';
import { PAGE_MAPPING_KSM, PG_dirty, PG_swapcache } from '../folio/flags.js';
import {
  PageAnon,
  PageAnonExclusive,
  folioGet,
  folioRefCount,
  pageFolio,
  pageContent,
  pageMapcount,
  setFlag,
  setPageMapping,
  testFlag,
} from '../folio/frame.js';
import { folioTestLarge } from '../folio/compound.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioMarkAccessed } from '../folio/lru.js';
import { splitHugePageToList } from '../huge/split-folio.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pfnPte, pteDirty, pteMkclean, pteSame, pteWrite, pteWrprotect } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { RMAP_NONE, pageAddAnonRmap, pageRemoveRmap, pageTryShareAnonRmap } from '../rmap/map.js';
import { type MappedAt, pageVmaMappedWalk, vmaAddress } from '../rmap/walk.js';
import { pageIndex } from '../folio/frame.js';
import type { Step } from '../step/step.js';
import { folioFreeSwap } from '../swap/cache.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/**
 * Makes one place share a merged page, or makes its page one that can be shared.
 *
 * @kernel mm/ksm.c try_to_merge_one_page v6.2
 * @param kpage the merged page, 0 to turn `page` into one
 * @returns whether it did
 */
export function* tryToMergeOnePage(k: Machine, vma: Vma, page: number, kpage: number): Step<boolean> {
  if (page === kpage) return true;
  if (!PageAnon(k, page) || !(yield* folioTrylock(k, pageFolio(k, page)))) return false;
  // A part of a huge page cannot be shared: it has to be a page of its own.
  if (folioTestLarge(k, pageFolio(k, page)) && (yield* splitHugePageToList(k, page)) !== 0) {
    folioUnlock(k, pageFolio(k, page));
    return false;
  }
  const orig = yield* writeProtectPage(k, vma, page);
  const merged = orig !== null && (yield* mergeProtected(k, vma, page, kpage, orig));
  folioUnlock(k, page);
  return merged;
}

function* mergeProtected(k: Machine, vma: Vma, page: number, kpage: number, orig: Pte): Step<boolean> {
  if (kpage === 0) {
    setPageMapping(k, page, 0, PAGE_MAPPING_KSM);
    yield* folioMarkAccessed(k, page);
    setFlag(k, page, PG_dirty);
    return true;
  }
  return pageContent(k, page) === pageContent(k, kpage) && (yield* replacePage(k, vma, page, kpage, orig));
}

/**
 * From now on nobody changes the page unseen.
 *
 * @kernel mm/ksm.c write_protect_page v6.2
 * @differs no mm_tlb_flush_pending(): an entry that is protected already is not flushed
 * @returns the entry that maps it, null when somebody may hold the page for I/O
 */
function* writeProtectPage(k: Machine, vma: Vma, page: number): Step<Pte | null> {
  const address = vmaAddress(vma, pageIndex(k, page));
  if (address < 0) return null;
  const at = yield* pageVmaMappedWalk(k, page, { vma, address });
  if (at === null) return null;
  const orig = yield* protectedEntry(k, vma, address, page, at);
  ptlUnlock(k, at.table);
  return orig;
}

function* protectedEntry(
  k: Machine,
  vma: Vma,
  address: number,
  page: number,
  at: MappedAt,
): Step<Pte | null> {
  const exclusive = PageAnonExclusive(k, page);
  const before = yield* ptepGet(k, at.ptep);
  if (!pteWrite(k, before) && !pteDirty(k, before) && !exclusive) return before;
  const entry = yield* ptepClearFlush(k, vma.vmMm, address, at.ptep);
  // Its mappings, the scan, the swap cache: any other reference could be I/O under way.
  const expected = pageMapcount(k, page) + 1 + (testFlag(k, page, PG_swapcache) ? 1 : 0);
  const busy = (yield* folioRefCount(k, page)) !== expected;
  if (busy || (exclusive && !(yield* pageTryShareAnonRmap(k, page)))) {
    yield* setPteAt(k, at.ptep, entry);
    return null;
  }
  if (pteDirty(k, entry)) setFlag(k, page, PG_dirty);
  const clean = pteMkclean(k, pteWrprotect(k, entry));
  yield* setPteAt(k, at.ptep, clean);
  return clean;
}

/** Maps the merged page in place of an equal one. @kernel mm/ksm.c replace_page v6.2 @differs never the zero page */
function* replacePage(k: Machine, vma: Vma, page: number, kpage: number, orig: Pte): Step<boolean> {
  const address = vmaAddress(vma, pageIndex(k, page));
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
  const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  if (!pteSame(yield* ptepGet(k, ptep), orig)) {
    ptlUnlock(k, table);
    return false;
  }
  yield* folioGet(k, kpage);
  yield* pageAddAnonRmap(k, kpage, vma, address, RMAP_NONE);
  yield* ptepClearFlush(k, vma.vmMm, address, ptep);
  yield* setPteAt(k, ptep, pfnPte(k, kpage, k.pte.protectionMap[vma.vmPageProt]!));
  yield* pageRemoveRmap(k, page, vma);
  if (pageMapcount(k, page) === 0) yield* folioFreeSwap(k, page);
  yield* folioPut(k, page);
  ptlUnlock(k, table);
  return true;
}
