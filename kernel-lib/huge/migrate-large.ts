import { hpagePmdNr } from '../folio/compound.js';
import { PG_head, PG_mlocked, PG_tail } from '../folio/flags.js';
import { ZERO_PFN, pageContent, pageFolio, testFlag } from '../folio/frame.js';
import { mlockPageDrainLocal } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pfnPte,
  pteMksoftDirty,
  pteMkspecial,
  pteMkuffdWp,
  ptePfn,
  ptePresent,
  pteSwpSoftDirty,
  pteSwpUffdWp,
} from '../pgtable/pte.js';
import { pmdAddrEnd, pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { type FolioPlace, type MappedAt, type Place, pmdMappedWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { migrationPtePage } from '../swap/migration-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { MM_ANONPAGES, Mm, addMmCounter } from '../vma/mm.js';
import { VM_LOCKED } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { removeMigrationPte, tryToMigrateOne } from './migration-ptes.js';
import { __splitHugePmdLocked } from './split-pmd.js';

/**
 * Replaces every mapping of a locked large anonymous folio by migration entries, splitting the leaves among them.
 * Pages that may be pinned stay mapped.
 *
 * MODEL: try_to_migrate() with TTU_SPLIT_HUGE_PMD.
 */
export function* migrateAway(k: Machine, folio: number, places: readonly FolioPlace[]): Step<void> {
  for (const place of places) {
    const at = yield* pmdMappedWalk(k, folio, place);
    if (at !== null) {
      yield* __splitHugePmdLocked(k, place.vma, at, place.origin, true);
      ptlUnlock(k, at.table);
    }
    yield* eachEntry(k, place, unmapPage, folio);
  }
}

/** Maps again what waits for the pages of a folio, which may be split by now. MODEL: remap_page(). */
export function* mapBack(k: Machine, folio: number, places: readonly FolioPlace[]): Step<void> {
  for (const place of places) yield* eachEntry(k, place, remapPage, folio);
}

/** Deals with an entry that may map a page of a folio, or wait for one; false when the table is done with. */
type EntryFn<T> = (k: Machine, place: Place, at: MappedAt, arg: T) => Step<boolean>;

/** Visits the entries of a place, each under its table's lock. */
export function* eachEntry<T>(
  k: Machine,
  { vma, start, end }: FolioPlace,
  deal: EntryFn<T>,
  arg: T,
): Step<void> {
  for (let from = start; from < end;) {
    const next = pmdAddrEnd(k, from, end);
    const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, from);
    if (table !== 0) {
      yield* ptlLock(k, table);
      for (let address = from; address < next; address += k.pageSize) {
        const at = { table, ptep: pteOffset(k, table, address) };
        if (!(yield* deal(k, { vma, address }, at, arg))) break;
      }
      ptlUnlock(k, table);
    }
    from = next;
  }
}

/** Leaves a migration entry for a page of the folio. */
export function* unmapPage(k: Machine, place: Place, at: MappedAt, folio: number): Step<boolean> {
  const pte = yield* ptepGet(k, at.ptep);
  if (!ptePresent(k, pte) || pageFolio(k, ptePfn(k, pte)) !== folio) return true;
  return yield* tryToMigrateOne(k, ptePfn(k, pte), place, at);
}

function* remapPage(k: Machine, place: Place, at: MappedAt, folio: number): Step<boolean> {
  const pte = yield* ptepGet(k, at.ptep);
  if (!pteHasSwapEntry(k, pte) || !isMigrationEntry(k, pteToSwpEntry(k, pte))) return true;
  const page = migrationPtePage(k, pte);
  if (page < folio || page >= folio + hpagePmdNr(k)) return true;
  if (mapsZeropage(k, place.vma, page)) {
    yield* tryToMapUnusedToZeropage(k, place.vma, at.ptep, pte);
  } else {
    yield* removeMigrationPte(k, page, place, at);
    if ((place.vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  }
  return true;
}

/** Whether a page that a split has made its own holds nothing but zeros: since b1f202060afe it is not mapped again. */
function mapsZeropage(k: Machine, vma: Vma, page: number): boolean {
  if (!k.patched.splitMapsZeropage || testFlag(k, page, PG_head | PG_tail)) return false;
  if (testFlag(k, page, PG_mlocked) || (vma.vmFlags & VM_LOCKED) !== 0) return false;
  return pageContent(k, page) === 0;
}

/** @kernel mm/migrate.c try_to_map_unused_to_zeropage 6.12 */
function* tryToMapUnusedToZeropage(k: Machine, vma: Vma, ptep: number, waiting: Pte): Step<void> {
  let pte = pteMkspecial(k, pfnPte(k, ZERO_PFN, k.pte.protectionMap[vma.vmPageProt]!));
  if (pteSwpSoftDirty(k, waiting)) pte = pteMksoftDirty(k, pte);
  if (pteSwpUffdWp(k, waiting)) pte = pteMkuffdWp(k, pte);
  yield* setPteAt(k, ptep, pte);
  addMmCounter(k, Mm.at(k, vma.vmMm), MM_ANONPAGES, -1);
}
