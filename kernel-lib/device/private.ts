import { ENOSYS } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { allocDevicePage, isDevicePrivatePage } from '../folio/device-page.js';
import { PG_swapcache } from '../folio/flags.js';
import { NO_PAGE, PageAnon, PageKsm, pageFolio, pageMapcount, testFlag } from '../folio/frame.js';
import { folioTestLarge } from '../folio/compound.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import { moveToNewFolio } from '../huge/migrate-folio.js';
import { removeMigrationPtes, tryToMigrate } from '../huge/migration-ptes.js';
import type { Machine } from '../machine/machine.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet } from '../pgtable/table.js';
import { vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { hasDeviceEntries } from '../swap/device-entry.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';

/**
 * Moves pages of a process to a device's own memory. Only anonymous ones go, and of those not who is in swap too.
 *
 * MODEL: migrate_vma_setup(), migrate_vma_pages() and migrate_vma_finalize(), page by page, with the driver's copying
 * between them.
 *
 * @param end first byte behind; both page-aligned
 * @returns how many pages have moved; -ENOSYS from a kernel without CONFIG_DEVICE_PRIVATE
 */
export function* migrateToDevice(k: Machine, mm: Mm, start: number, end: number): Step<number> {
  if (!hasDeviceEntries(k)) return -ENOSYS;
  let moved = 0;
  yield* mmapReadLock(k, mm);
  yield* lruAddDrain(k);
  for (let address = start; address < end; address += k.pageSize) {
    const page = yield* migratablePage(k, mm, address);
    if (page !== NO_PAGE && (yield* moveOut(k, page))) moved++;
  }
  mmapReadUnlock(k, mm);
  return moved;
}

/** The anonymous page of the machine's memory behind an address; NO_PAGE for none that could go. */
function* migratablePage(k: Machine, mm: Mm, address: number): Step<number> {
  const table = pteTable(k, mm.pgd, address);
  if (table === 0) return NO_PAGE;
  const pte = yield* ptepGet(k, pteOffset(k, table, address));
  if (!ptePresent(k, pte) || vmNormalPage(k, pte) === 0) return NO_PAGE;
  const page = ptePfn(k, pte);
  if (!PageAnon(k, page) || PageKsm(k, page) || testFlag(k, page, PG_swapcache)) return NO_PAGE;
  return folioTestLarge(k, pageFolio(k, page)) ? NO_PAGE : page;
}

function* moveOut(k: Machine, page: number): Step<boolean> {
  if (!(yield* folioIsolateLru(k, page))) return false;
  const dst = allocDevicePage(k);
  const moved = dst !== NO_PAGE && (yield* movePage(k, page, dst));
  if (dst !== NO_PAGE) yield* folioPut(k, dst);
  if (moved) yield* folioPut(k, page);
  else yield* folioPutbackLru(k, page);
  return moved;
}

/**
 * A CPU touches a page in a device's memory: it comes back to the machine's. What somebody else is moving is left; the
 * fault will be tried again.
 *
 * MODEL: the driver's part of a fault, dev_pagemap_ops.migrate_to_ram, as lib/test_hmm.c has it.
 *
 * @param page with a reference of the caller's, which goes
 * @returns false when memory is short
 */
export function* migrateToRam(k: Machine, page: number): Step<boolean> {
  const dst = allocPage(k);
  if (dst !== NO_PAGE) {
    yield* movePage(k, page, dst);
    yield* folioPut(k, dst);
  }
  yield* folioPut(k, page);
  return dst !== NO_PAGE;
}

/** Moves a page to which the caller has the only reference that is no mapping's; whether it could. */
function* movePage(k: Machine, src: number, dst: number): Step<boolean> {
  if (!(yield* folioTrylock(k, src))) return false;
  yield* folioTrylock(k, dst);
  yield* tryToMigrate(k, src);
  const moved = pageMapcount(k, src) === 0 && (yield* moveToNewFolio(k, dst, src)) === 0;
  if (moved && !isDevicePrivatePage(k, dst)) yield* folioAddLru(k, dst);
  yield* removeMigrationPtes(k, src, moved ? dst : src);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  return moved;
}
