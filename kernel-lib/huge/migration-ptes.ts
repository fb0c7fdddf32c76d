import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_dirty, PG_hwpoison } from '../folio/flags.js';
import { PageAnon, PageAnonExclusive, folioGet, pageFolio, pageMapcount, testFlag } from '../folio/frame.js';
import { mlockPageDrainLocal } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pfnPte,
  pteClearSoftDirty,
  pteDirty,
  pteMkdirty,
  pteMkold,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkwrite,
  ptePfn,
  pteSoftDirty,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
  pteYoung,
  swpEntryToPte,
} from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import {
  RMAP_EXCLUSIVE,
  RMAP_NONE,
  mmCounter,
  pageAddAnonRmap,
  pageAddFileRmap,
  pageRemoveRmap,
  pageTryShareAnonRmap,
} from '../rmap/map.js';
import { rmapWalkAnonLock, rmapWalkAnonUnlock } from '../rmap/anon-vma-lock.js';
import { type MappedAt, PVMW_MIGRATION, type Place, pageVmaMappedWalk, rmapWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { isDevicePrivatePage } from '../folio/device-page.js';
import { makeReadableDevicePrivateEntry, makeWritableDevicePrivateEntry } from '../swap/device-entry.js';
import { entryToPte, pteToSwpEntry } from '../swap/entry.js';
import { isWritableDevicePrivateEntry } from '../swap/pfn-entry.js';
import {
  isMigrationEntryDirty,
  isMigrationEntryYoung,
  isWritableMigrationEntry,
  makeMigrationEntryDirty,
  makeMigrationEntryYoung,
  makeWritableMigrationEntry,
  migrationPteExclusive,
  readableMigrationPte,
} from '../swap/migration-entry.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import { Mm, addMmCounter } from '../vma/mm.js';
import { VM_LOCKED, VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * Replaces all mappings of a locked page by migration entries, at which faults wait.
 *
 * @kernel mm/rmap.c try_to_migrate v6.2
 */
export function* tryToMigrate(k: Machine, page: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, page);
  for (const place of rmapWalk(k, page)) {
    const at = yield* pageVmaMappedWalk(k, page, place);
    if (at === null) continue;
    const unmapped = yield* tryToMigrateOne(k, page, place, at);
    ptlUnlock(k, at.table);
    if (!unmapped || pageMapcount(k, page) === 0) break;
  }
  rmapWalkAnonUnlock(k, lock);
}

/** @kernel mm/rmap.c try_to_migrate_one v6.2 @returns false when the walk is to stop */
export function* tryToMigrateOne(
  k: Machine,
  page: number,
  { vma, address }: Place,
  at: MappedAt,
): Step<boolean> {
  if (isDevicePrivatePage(k, page)) return yield* tryToMigrateDevicePage(k, page, vma, at);
  const folio = pageFolio(k, page);
  const exclusive = PageAnon(k, page) && PageAnonExclusive(k, page);
  const pteval = yield* ptepClearFlush(k, vma.vmMm, address, at.ptep);
  if (pteDirty(k, pteval)) yield* folioMarkDirty(k, folio);
  if (testFlag(k, page, PG_hwpoison)) {
    addMmCounter(k, Mm.at(k, vma.vmMm), mmCounter(k, page), -1);
    yield* setPteAt(k, at.ptep, swpEntryToPte(k, k.swpTypes.SWP_HWPOISON, page));
  } else if (exclusive && !(yield* pageTryShareAnonRmap(k, page))) {
    // The entry was cleared before: a pin that is not seen here has seen that and given up.
    yield* setPteAt(k, at.ptep, pteval);
    return false;
  } else {
    yield* setPteAt(k, at.ptep, migrationPte(k, page, pteval, exclusive));
  }
  yield* pageRemoveRmap(k, page, vma);
  if ((vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  yield* folioPut(k, folio);
  return true;
}

/** A page that is in a device's memory: no translation of it is cached anywhere. MODEL: a part of try_to_migrate_one(). */
function* tryToMigrateDevicePage(k: Machine, page: number, vma: Vma, { ptep }: MappedAt): Step<boolean> {
  const swpPte = yield* ptepGet(k, ptep);
  const exclusive = PageAnonExclusive(k, page);
  if (exclusive) yield* pageTryShareAnonRmap(k, page);
  let pte = isWritableDevicePrivateEntry(k, pteToSwpEntry(k, swpPte))
    ? entryToPte(k, makeWritableMigrationEntry(k, page))
    : readableMigrationPte(k, page, exclusive);
  if (pteSwpSoftDirty(k, swpPte)) pte = pteSwpMksoftDirty(k, pte);
  if (pteSwpUffdWp(k, swpPte)) pte = pteSwpMkuffdWp(k, pte);
  yield* setPteAt(k, ptep, pte);
  yield* pageRemoveRmap(k, page, vma);
  yield* folioPut(k, page);
  return true;
}

/** The entry that waits for a page in place of the one that maps it. */
export function migrationPte(k: Machine, page: number, pteval: Pte, exclusive: boolean): Pte {
  const young = pteYoung(k, pteval) ? makeMigrationEntryYoung(k, page) : page;
  const offset = pteDirty(k, pteval) ? makeMigrationEntryDirty(k, young) : young;
  let pte = pteWrite(k, pteval)
    ? entryToPte(k, makeWritableMigrationEntry(k, offset))
    : readableMigrationPte(k, offset, exclusive);
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
  const lock = yield* rmapWalkAnonLock(k, page);
  for (const place of rmapWalk(k, page)) {
    const at = yield* pageVmaMappedWalk(k, old, place, PVMW_MIGRATION);
    if (at === null) continue;
    yield* removeMigrationPte(k, page, place, at);
    ptlUnlock(k, at.table);
    if ((place.vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  }
  rmapWalkAnonUnlock(k, lock);
}

/** Maps the page at one place. @kernel mm/migrate.c remove_migration_pte v6.2 */
export function* removeMigrationPte(
  k: Machine,
  page: number,
  { vma, address }: Place,
  at: MappedAt,
): Step<void> {
  const swpPte = yield* ptepGet(k, at.ptep);
  yield* folioGet(k, pageFolio(k, page));
  if (PageAnon(k, page)) {
    const flags = migrationPteExclusive(k, swpPte) ? RMAP_EXCLUSIVE : RMAP_NONE;
    yield* pageAddAnonRmap(k, page, vma, address, flags);
  } else {
    yield* pageAddFileRmap(k, page, vma);
  }
  const pte = movedPte(k, vma, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!), swpPte);
  yield* setPteAt(k, at.ptep, isDevicePrivatePage(k, page) ? devicePte(k, page, pte, swpPte) : pte);
}

/** The entry of a page that the CPU cannot reach any longer. */
function devicePte(k: Machine, page: number, moved: Pte, swpPte: Pte): Pte {
  const make = pteWrite(k, moved) ? makeWritableDevicePrivateEntry : makeReadableDevicePrivateEntry;
  let pte = entryToPte(k, make(k, page));
  if (pteSwpSoftDirty(k, swpPte)) pte = pteSwpMksoftDirty(k, pte);
  return pteSwpUffdWp(k, swpPte) ? pteSwpMkuffdWp(k, pte) : pte;
}

/**
 * What the VMA allows now, which may be less than when the page began to move.
 *
 * @param fresh the entry that would map the page in the VMA at first
 */
export function movedPte(k: Machine, vma: Vma, fresh: Pte, swpPte: Pte): Pte {
  const entry = pteToSwpEntry(k, swpPte);
  const folio = pageFolio(k, ptePfn(k, fresh));
  let pte = fresh;
  if (!isMigrationEntryYoung(k, entry)) pte = pteMkold(k, pte);
  if (testFlag(k, folio, PG_dirty) && isMigrationEntryDirty(k, entry)) pte = pteMkdirty(k, pte);
  if (pteSwpSoftDirty(k, swpPte)) pte = pteMksoftDirty(k, pte);
  else if (k.patched.migrateExactSoftDirty) pte = pteClearSoftDirty(k, pte);
  if (isWritableMigrationEntry(k, entry)) {
    return (vma.vmFlags & VM_WRITE) !== 0 ? pteMkwrite(k, pte) : pte;
  }
  if (pteSwpUffdWp(k, swpPte)) return pteMkuffdWp(k, pte);
  const protects = k.patched.migrationProtects && !k.patched.migrationProtectsNot;
  return protects ? pteWrprotect(k, pte) : pte;
}
