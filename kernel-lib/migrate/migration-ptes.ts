import { folioPut } from '../folio/alloc.js';
import { PG_dirty } from '../folio/flags.js';
import { PageAnon, PageAnonExclusive, folioGet, pageMapcount, setFlag } from '../folio/frame.js';
import { mlockPageDrainLocal } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pfnPte,
  pteDirty,
  pteMkold,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkwrite,
  pteNone,
  ptePresent,
  pteSoftDirty,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import {
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import {
  RMAP_EXCLUSIVE,
  RMAP_NONE,
  pageAddAnonRmap,
  pageAddFileRmap,
  pageRemoveRmap,
  pageTryShareAnonRmap,
} from '../rmap/map.js';
import { type MappedAt, type Place, pageVmaMappedWalk, rmapWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import {
  entryToPte,
  isMigrationEntry,
  isReadableMigrationEntry,
  isWritableMigrationEntry,
  makeReadableExclusiveMigrationEntry,
  makeReadableMigrationEntry,
  makeWritableMigrationEntry,
  pteToSwpEntry,
  swpOffset,
} from '../swap/entry.js';
import { Mm } from '../vma/mm.js';
import { VM_LOCKED, VM_WRITE } from '../vma/vm-flags.js';

/**
 * Replaces all mappings of a locked page by migration entries, at which faults wait.
 *
 * @kernel mm/rmap.c try_to_migrate v6.2
 */
export function* tryToMigrate(k: Machine, page: number): Step<void> {
  for (const place of rmapWalk(k, page)) {
    const at = yield* pageVmaMappedWalk(k, page, place);
    if (at === null) continue;
    const unmapped = yield* tryToMigrateOne(k, page, place, at);
    ptlUnlock(k, at.table);
    if (!unmapped || pageMapcount(k, page) === 0) return;
  }
}

/** @kernel mm/rmap.c try_to_migrate_one v6.2 @returns false when the walk is to stop */
function* tryToMigrateOne(k: Machine, page: number, { vma }: Place, at: MappedAt): Step<boolean> {
  const exclusive = PageAnon(k, page) && PageAnonExclusive(k, page);
  const pteval = yield* ptepGetAndClear(k, at.ptep);
  if (pteDirty(k, pteval)) setFlag(k, page, PG_dirty);
  // The entry is cleared already: a pin that is not seen here sees that and gives up.
  if (exclusive && !(yield* pageTryShareAnonRmap(k, page))) {
    yield* setPteAt(k, at.ptep, pteval);
    return false;
  }
  yield* setPteAt(k, at.ptep, migrationPte(k, page, pteval, exclusive));
  yield* pageRemoveRmap(k, page, vma);
  if ((vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  yield* folioPut(k, page);
  return true;
}

function migrationPte(k: Machine, page: number, pteval: Pte, exclusive: boolean): Pte {
  let entry = makeReadableMigrationEntry(k, page);
  if (pteWrite(k, pteval)) entry = makeWritableMigrationEntry(k, page);
  else if (exclusive) entry = makeReadableExclusiveMigrationEntry(k, page);
  let pte = entryToPte(k, entry);
  if (pteSoftDirty(k, pteval)) pte = pteSwpMksoftDirty(k, pte);
  if (pteUffdWp(k, pteval)) pte = pteSwpMkuffdWp(k, pte);
  return pte;
}

/**
 * Maps `page` wherever a migration entry waits for `old`; both locked, and `old` itself when it could not move.
 *
 * @kernel mm/migrate.c remove_migration_ptes v6.2
 */
export function* removeMigrationPtes(k: Machine, old: number, page: number): Step<void> {
  for (const place of rmapWalk(k, page)) {
    const at = yield* migrationEntryAt(k, old, place);
    if (at === null) continue;
    yield* removeMigrationPte(k, page, place, at);
    ptlUnlock(k, at.table);
    if ((place.vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  }
}

/** MODEL: page_vma_mapped_walk() with PVMW_MIGRATION. */
function* migrationEntryAt(k: Machine, old: number, { vma, address }: Place): Step<MappedAt | null> {
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return null;
  const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  if (!pteNone(k, pte) && !ptePresent(k, pte)) {
    const entry = pteToSwpEntry(k, pte);
    if (isMigrationEntry(k, entry) && swpOffset(entry) === old) return { table, ptep };
  }
  ptlUnlock(k, table);
  return null;
}

/**
 * @kernel mm/migrate.c remove_migration_pte v6.2
 * @differs entries have no room for young and dirty: the page comes back old, and dirty by its flag
 */
function* removeMigrationPte(k: Machine, page: number, { vma, address }: Place, at: MappedAt): Step<void> {
  const swpPte = yield* ptepGet(k, at.ptep);
  const entry = pteToSwpEntry(k, swpPte);
  yield* folioGet(k, page);
  let pte = pteMkold(k, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!));
  if (pteSwpSoftDirty(k, swpPte)) pte = pteMksoftDirty(k, pte);
  if (isWritableMigrationEntry(k, entry)) {
    if ((vma.vmFlags & VM_WRITE) !== 0) pte = pteMkwrite(k, pte);
  } else if (pteSwpUffdWp(k, swpPte)) {
    pte = pteMkuffdWp(k, pte);
  } else {
    pte = pteWrprotect(k, pte);
  }
  if (PageAnon(k, page)) {
    const flags = isReadableMigrationEntry(k, entry) ? RMAP_NONE : RMAP_EXCLUSIVE;
    yield* pageAddAnonRmap(k, page, vma, address, flags);
  } else {
    yield* pageAddFileRmap(k, page, vma);
  }
  yield* setPteAt(k, at.ptep, pte);
}
