import { folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_hwpoison } from '../folio/flags.js';
import { PageAnon, PageAnonExclusive, folioGet, pageIndex, pageOwner, testFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { pmdPte } from '../pgtable/pmd.js';
import { pteDirty, swpEntryToPte } from '../pgtable/pte.js';
import { ptlUnlock } from '../pgtable/table.js';
import { rmapWalkAnonLock, rmapWalkAnonUnlock } from '../rmap/anon-vma-lock.js';
import {
  RMAP_EXCLUSIVE,
  RMAP_NONE,
  folioAddAnonRmapPmd,
  folioRemoveRmapPmd,
  mappedEntirely,
  pageTryShareAnonRmap,
} from '../rmap/map.js';
import {
  type FolioPlace,
  PVMW_MIGRATION,
  type PmdMappedAt,
  pmdMappedWalk,
  rmapWalkLarge,
} from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { migrationPteExclusive } from '../swap/migration-entry.js';
import { pmdpHugeClearFlush } from '../tlb/tlb.js';
import { AddressSpace, vmasMapping } from '../vma/file.js';
import type { Vma } from '../vma/vma.js';
import { hugePtepGet, mkHugePte, setHugePteAt } from './hugetlb-pte.js';
import { migrationPte, movedPte } from './migration-ptes.js';

/** Everywhere that a page of hugetlb may be mapped. Objects count their pages in huge ones, VMAs in small ones. */
function placesOf(k: Machine, folio: number): FolioPlace[] {
  if (PageAnon(k, folio)) return rmapWalkLarge(k, folio);
  if (pageOwner(k, folio) === 0) return [];
  const first = pageIndex(k, folio) * hpagePmdNr(k);
  const size = hpagePmdNr(k) * k.pageSize;
  const mapping = AddressSpace.at(k, pageOwner(k, folio));
  return vmasMapping(k, mapping, first, first + hpagePmdNr(k) - 1).map((vma) => {
    const start = vma.vmStart + (first - vma.vmPgoff) * k.pageSize;
    return { vma, origin: start, start, end: start + size };
  });
}

/**
 * Replaces every mapping of a locked page of hugetlb by an entry at which faults wait.
 *
 * MODEL: try_to_migrate() of such a page.
 */
export function* tryToMigrateHugetlb(k: Machine, folio: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, folio);
  for (const place of placesOf(k, folio)) {
    const at = yield* pmdMappedWalk(k, folio, place);
    if (at === null) continue;
    const unmapped = yield* unmapHugePage(k, place, at, folio);
    ptlUnlock(k, at.table);
    if (!unmapped) break;
  }
  rmapWalkAnonUnlock(k, lock);
}

/** @returns false, and the entry as it was, if the page may be pinned */
function* unmapHugePage(
  k: Machine,
  { vma, origin }: FolioPlace,
  { pmdp }: PmdMappedAt,
  folio: number,
): Step<boolean> {
  const exclusive = PageAnon(k, folio) && PageAnonExclusive(k, folio);
  const old = pmdPte(k, yield* pmdpHugeClearFlush(k, vma.vmMm, origin, pmdp));
  if (pteDirty(k, old)) yield* folioMarkDirty(k, folio);
  if (testFlag(k, folio, PG_hwpoison)) {
    yield* setHugePteAt(k, pmdp, swpEntryToPte(k, k.swpTypes.SWP_HWPOISON, folio));
  } else if (exclusive && !(yield* pageTryShareAnonRmap(k, folio))) {
    // The entry was cleared before: a pin that is not seen here has seen that and given up.
    yield* setHugePteAt(k, pmdp, old);
    return false;
  } else {
    yield* setHugePteAt(k, pmdp, migrationPte(k, folio, old, exclusive));
  }
  yield* folioRemoveRmapPmd(k, folio, vma);
  yield* folioPut(k, folio);
  return true;
}

/**
 * Maps a page of hugetlb wherever entries wait for the old one; both locked.
 *
 * MODEL: remove_migration_ptes() of such a page.
 */
export function* removeMigrationPtesHugetlb(k: Machine, old: number, folio: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, folio);
  for (const place of placesOf(k, folio)) {
    const at = yield* pmdMappedWalk(k, old, place, PVMW_MIGRATION);
    if (at === null) continue;
    yield* mapHugePage(k, place.vma, at, folio);
    ptlUnlock(k, at.table);
  }
  rmapWalkAnonUnlock(k, lock);
}

function* mapHugePage(k: Machine, vma: Vma, { pmdp }: PmdMappedAt, folio: number): Step<void> {
  const waiting = yield* hugePtepGet(k, pmdp);
  yield* folioGet(k, folio);
  if (PageAnon(k, folio)) {
    const flags = migrationPteExclusive(k, waiting) ? RMAP_EXCLUSIVE : RMAP_NONE;
    yield* folioAddAnonRmapPmd(k, folio, vma, flags);
  } else {
    yield* mappedEntirely(k, folio);
  }
  yield* setHugePteAt(k, pmdp, movedPte(k, vma, mkHugePte(k, vma, folio), waiting));
}
