import { folioMapcount, folioTestLarge } from '../folio/compound.js';
import { PG_idle, PG_referenced, PG_young } from '../folio/flags.js';
import { clearFlag, setFlag, testClearFlag } from '../folio/frame.js';
import { folioIsFileLru } from '../folio/lru-list.js';
import type { Machine } from '../machine/machine.js';
import { ptlUnlock } from '../pgtable/table.js';
import { mlockVmaPage } from '../rmap/map.js';
import {
  type FolioPlace,
  type Place,
  pageVmaMappedWalk,
  pmdMappedWalk,
  rmapWalk,
  rmapWalkLarge,
} from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { pmdpClearFlushYoung, ptepClearFlushYoung } from '../tlb/tlb.js';
import { VM_EXEC, VM_LOCKED, VM_SEQ_READ } from '../vma/vm-flags.js';

/** What page tables tell of a page's use. */
export interface Referenced {
  /** In how many mappings it was used since the last look. */
  readonly ptes: number;
  /** Flags of the VMAs in which it was; VM_LOCKED if any of all locks it. */
  readonly vmFlags: number;
}

/** Counts the mappings in which a page is young, and makes them old. @kernel mm/rmap.c folio_referenced v6.2 */
export function* folioReferenced(k: Machine, page: number): Step<Referenced> {
  let ptes = 0;
  let vmFlags = 0;
  let left = folioMapcount(k, page);
  if (left === 0) return { ptes, vmFlags };
  if (folioTestLarge(k, page)) return yield* largeReferenced(k, page);
  for (const place of rmapWalk(k, page)) {
    const seen = yield* folioReferencedOne(k, page, place);
    if (seen === 'locked') return { ptes, vmFlags: vmFlags | VM_LOCKED };
    if (seen === 'elsewhere') continue;
    if (seen === 'young') {
      ptes++;
      vmFlags |= place.vma.vmFlags & ~VM_LOCKED;
    }
    if (--left === 0) break;
  }
  return { ptes, vmFlags };
}

/** The same for a large anonymous folio, leaf by leaf and page by page. */
function* largeReferenced(k: Machine, folio: number): Step<Referenced> {
  let ptes = 0;
  let vmFlags = 0;
  for (const place of rmapWalkLarge(k, folio)) {
    if ((place.vma.vmFlags & VM_LOCKED) !== 0) return { ptes, vmFlags: vmFlags | VM_LOCKED };
    const young = (yield* leafReferenced(k, folio, place)) + (yield* pagesReferenced(k, folio, place));
    ptes += young > 0 ? 1 : 0;
    if (young > 0) vmFlags |= place.vma.vmFlags & ~VM_LOCKED;
  }
  return { ptes, vmFlags };
}

function* leafReferenced(k: Machine, folio: number, place: FolioPlace): Step<number> {
  const at = yield* pmdMappedWalk(k, folio, place);
  if (at === null) return 0;
  const young = yield* pmdpClearFlushYoung(k, place.vma.vmMm, place.origin, at.pmdp);
  ptlUnlock(k, at.table);
  return young ? 1 : 0;
}

function* pagesReferenced(k: Machine, folio: number, { vma, origin, start, end }: FolioPlace): Step<number> {
  let young = 0;
  for (let address = start; address < end; address += k.pageSize) {
    const page = folio + (address - origin) / k.pageSize;
    if ((yield* folioReferencedOne(k, page, { vma, address })) === 'young') young++;
  }
  return young;
}

/**
 * @kernel mm/rmap.c folio_referenced_one v6.2
 * @differs no multi-generational LRU; since v6.3 mappings with MADV_SEQUENTIAL or MADV_RANDOM are passed over
 */
function* folioReferencedOne(
  k: Machine,
  page: number,
  place: Place,
): Step<'locked' | 'elsewhere' | 'young' | 'old'> {
  const at = yield* pageVmaMappedWalk(k, page, place);
  if (at === null) return 'elsewhere';
  const locked = (place.vma.vmFlags & VM_LOCKED) !== 0;
  if (locked) yield* mlockVmaPage(k, page, place.vma);
  const young = !locked && (yield* ptepClearFlushYoung(k, place.vma.vmMm, place.address, at.ptep));
  // What is read from front to back is not read again.
  const used = young && (place.vma.vmFlags & VM_SEQ_READ) === 0;
  if (used) clearFlag(k, page, PG_idle);
  ptlUnlock(k, at.table);
  if (locked) return 'locked';
  return testClearFlag(k, page, PG_young) || used ? 'young' : 'old';
}

/** What reclaim makes of a page's use. @kernel mm/vmscan.c FOLIOREF_RECLAIM v6.2 */
export type FolioReferences = 'RECLAIM' | 'RECLAIM_CLEAN' | 'KEEP' | 'ACTIVATE';

/** @kernel mm/vmscan.c folio_check_references v6.2 */
export function* folioCheckReferences(k: Machine, page: number): Step<FolioReferences> {
  const { ptes, vmFlags } = yield* folioReferenced(k, page);
  const referenced = testClearFlag(k, page, PG_referenced);
  if ((vmFlags & VM_LOCKED) !== 0) return 'ACTIVATE';
  if (ptes > 0) {
    // Used once: another round on the inactive list. Twice: active.
    setFlag(k, page, PG_referenced);
    if (referenced || ptes > 1) return 'ACTIVATE';
    if ((vmFlags & VM_EXEC) !== 0 && folioIsFileLru(k, page)) return 'ACTIVATE';
    return 'KEEP';
  }
  return referenced && folioIsFileLru(k, page) ? 'RECLAIM_CLEAN' : 'RECLAIM';
}
