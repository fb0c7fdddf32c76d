import { EAGAIN, EBUSY, ENOMEM } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { PG_active, PG_unevictable, PG_writeback } from '../folio/flags.js';
import { clearFlag, folioRefCount, pageMapcount, pageOwner, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { moveToNewFolio } from '../huge/migrate-folio.js';
import { removeMigrationPtes, tryToMigrate } from '../huge/migration-ptes.js';

/** Who moves pages: `enum migrate_reason` of include/linux/migrate_mode.h. */
export type MigrateReason = 'MR_MEMORY_FAILURE' | 'MR_SYSCALL';

/** How often a page that somebody holds is tried. @kernel mm/migrate.c NR_MAX_MIGRATE_PAGES_RETRY v6.2 */
const NR_MAX_MIGRATE_PAGES_RETRY = 10;

/** A page that is unmapped, and the locked frame that it moves to. */
export interface Unmapped {
  readonly dst: number;
  readonly wasMapped: boolean;
}

/**
 * Moves isolated pages to other frames: their content, their mappings, their places in a cache. Of a page that has
 * moved the isolation's reference goes, but for MR_MEMORY_FAILURE, which keeps it.
 *
 * @kernel mm/migrate.c migrate_pages v6.2
 * @differs base pages; one after the other
 * @returns the pages that did not move, still isolated: without CONFIG_MIGRATION all of them
 */
export function* migratePages(k: Machine, pages: readonly number[], reason: MigrateReason): Step<number[]> {
  if (!k.pte.arch.kconfig.MIGRATION) return [...pages];
  const failed: number[] = [];
  let retry = [...pages];
  for (let pass = 0; pass < NR_MAX_MIGRATE_PAGES_RETRY && retry.length > 0; pass++) {
    const again: number[] = [];
    for (const page of retry) {
      const rc = yield* migrateFolio(k, page, reason);
      if (rc === -EAGAIN) again.push(page);
      else if (rc !== 0) failed.push(page);
    }
    retry = again;
  }
  failed.push(...retry);
  k.count('pgmigrate_success', pages.length - failed.length);
  k.count('pgmigrate_fail', failed.length);
  return failed;
}

/** Gives pages that did not move back to their lists. @kernel mm/migrate.c putback_movable_pages v6.2 */
export function* putbackMovablePages(k: Machine, pages: readonly number[]): Step<void> {
  for (const page of pages) yield* folioPutbackLru(k, page);
}

/** MODEL: migrate_folio_unmap() and migrate_folio_move(), which 6.12 runs over whole batches. */
function* migrateFolio(k: Machine, src: number, reason: MigrateReason): Step<number> {
  if ((yield* folioRefCount(k, src)) === 1) {
    // Freed meanwhile.
    clearFlag(k, src, PG_active | PG_unevictable);
    yield* migrateFolioDone(k, src, reason);
    return 0;
  }
  const unmapped = yield* migrateFolioUnmap(k, src);
  if (typeof unmapped === 'number') return unmapped;
  const rc = yield* migrateFolioMove(k, src, unmapped);
  if (rc === 0) yield* migrateFolioDone(k, src, reason);
  return rc;
}

/** @kernel mm/migrate.c migrate_folio_done 6.12 */
export function* migrateFolioDone(k: Machine, src: number, reason: MigrateReason): Step<void> {
  if (reason !== 'MR_MEMORY_FAILURE') yield* folioPut(k, src);
}

/**
 * Locks both frames and leaves migration entries wherever the page was mapped.
 *
 * @kernel mm/migrate.c migrate_folio_unmap 6.12
 * @returns a negative error number when nothing is locked and everything is as before
 */
export function* migrateFolioUnmap(k: Machine, src: number): Step<Unmapped | number> {
  const dst = allocPage(k);
  if (dst === 0) return -ENOMEM;
  if (!(yield* folioTrylock(k, src))) return yield* giveUp(k, dst, -EAGAIN);
  if (testFlag(k, src, PG_writeback)) {
    folioUnlock(k, src);
    return yield* giveUp(k, dst, -EBUSY);
  }
  yield* folioTrylock(k, dst);
  // A page that was just read into the swap cache is nobody's yet: rmap could not find it.
  const wasMapped = pageOwner(k, src) !== 0 && pageMapcount(k, src) > 0;
  if (wasMapped) yield* tryToMigrate(k, src);
  if (pageMapcount(k, src) === 0) return { dst, wasMapped };
  yield* removeMigrationPtes(k, src, src);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  return yield* giveUp(k, dst, -EAGAIN);
}

function* giveUp(k: Machine, dst: number, rc: number): Step<number> {
  yield* folioPut(k, dst);
  return rc;
}

/** @kernel mm/migrate.c migrate_folio_move 6.12 */
export function* migrateFolioMove(k: Machine, src: number, { dst, wasMapped }: Unmapped): Step<number> {
  const rc = yield* moveToNewFolio(k, dst, src);
  if (rc === 0) {
    // On its list before it is mapped: a mapping of a locked VMA counts itself there.
    yield* folioAddLru(k, dst);
    if (wasMapped) yield* lruAddDrain(k);
  }
  if (wasMapped) yield* removeMigrationPtes(k, src, rc === 0 ? dst : src);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  yield* folioPut(k, dst);
  return rc;
}
