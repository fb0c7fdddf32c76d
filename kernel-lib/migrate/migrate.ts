import { EAGAIN, EBUSY, ENOMEM, ENOSYS } from '../base/errno.js';
import { allocHugeFolio, allocPage, folioPut } from '../folio/alloc.js';
import { folioMapcount, folioNrPages, folioTestLarge } from '../folio/compound.js';
import { deferredSplitQueued } from '../folio/deferred-split.js';
import { PG_active, PG_unevictable, PG_writeback } from '../folio/flags.js';
import { clearFlag, folioRefCount, pageOwner, testFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { PageHuge, moveHugetlbState } from '../folio/hugetlb-pool.js';
import { folioAddLru, folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import { allocHugePageNodemask } from '../huge/hugetlb.js';
import { removeMigrationPtesHugetlb, tryToMigrateHugetlb } from '../huge/migrate-hugetlb.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { moveToNewFolio } from '../huge/migrate-folio.js';
import { removeMigrationPtesWhole, tryToMigrateWhole } from '../huge/migrate-whole.js';
import { removeMigrationPtes, tryToMigrate } from '../huge/migration-ptes.js';
import { splitHugePageToList } from '../huge/split-folio.js';
import { folioIsolateHugetlb, folioPutbackHugetlb } from './isolate-hugetlb.js';

/** Who moves pages: `enum migrate_reason` of include/linux/migrate_mode.h. */
export type MigrateReason = 'MR_MEMORY_FAILURE' | 'MR_SYSCALL';

/** How often a page that somebody holds is tried. @kernel mm/migrate.c NR_MAX_MIGRATE_PAGES_RETRY 6.12 */
const NR_MAX_MIGRATE_PAGES_RETRY = 10;

/** A page that is unmapped, and the locked frame that it moves to. */
export interface Unmapped {
  readonly dst: number;
  readonly wasMapped: boolean;
}

/** What a call has done so far, for /proc/vmstat. */
interface MigratePagesStats {
  nrSucceeded: number;
  nrFailed: number;
  nrThpSucceeded: number;
  nrThpFailed: number;
  nrThpSplit: number;
}

/**
 * Moves isolated folios to other frames: their content, their mappings, their places in a cache. Of a folio that has
 * moved the isolation's reference goes, but for MR_MEMORY_FAILURE, which keeps it.
 *
 * @kernel mm/migrate.c migrate_pages v6.2
 * @differs one after the other
 * @returns the folios that did not move, still isolated: without CONFIG_MIGRATION all of them
 */
export function* migratePages(k: Machine, folios: readonly number[], reason: MigrateReason): Step<number[]> {
  if (!k.pte.arch.kconfig.MIGRATION) return [...folios];
  const stats = { nrSucceeded: 0, nrFailed: 0, nrThpSucceeded: 0, nrThpFailed: 0, nrThpSplit: 0 };
  const split: number[] = [];
  const failed = yield* migratePagesBatch(k, folios, reason, split, stats);
  // The pages of huge ones that could not move whole have their own turn.
  failed.push(...(yield* migratePagesBatch(k, split, reason, split, stats)));
  k.count('pgmigrate_success', stats.nrSucceeded);
  k.count('pgmigrate_fail', stats.nrFailed);
  k.count('thp_migration_success', stats.nrThpSucceeded);
  k.count('thp_migration_fail', stats.nrThpFailed);
  k.count('thp_migration_split', stats.nrThpSplit);
  return failed;
}

/**
 * @kernel mm/migrate.c migrate_pages_batch 6.12
 * @param split receives the pages of folios that had to be split
 */
function* migratePagesBatch(
  k: Machine,
  folios: readonly number[],
  reason: MigrateReason,
  split: number[],
  stats: MigratePagesStats,
): Step<number[]> {
  const failed: number[] = [];
  let retry = [...folios];
  for (let pass = 0; pass < NR_MAX_MIGRATE_PAGES_RETRY && retry.length > 0; pass++) {
    const again: number[] = [];
    for (const folio of retry) {
      const kind = { nr: folioNrPages(k, folio), thp: isThp(k, folio) };
      const rc = yield* migrateOrSplit(k, folio, reason, split, stats);
      if (rc === -EAGAIN) again.push(folio);
      else if (rc < 0) failed.push(folio);
      else if (rc === MOVED) countMoved(stats, kind);
    }
    retry = again;
  }
  failed.push(...retry);
  for (const folio of failed) countFailed(k, stats, folio);
  return failed;
}

/** What a folio was before it moved, for then it may be freed. */
interface FolioKind {
  readonly nr: number;
  readonly thp: boolean;
}

const MOVED = 0;
/** The folio is small pages now, which wait for their turn. */
const SPLIT = 1;

function countMoved(stats: MigratePagesStats, { nr, thp }: FolioKind): void {
  stats.nrSucceeded += nr;
  if (thp) stats.nrThpSucceeded++;
}

function countFailed(k: Machine, stats: MigratePagesStats, folio: number): void {
  stats.nrFailed += folioNrPages(k, folio);
  if (isThp(k, folio)) stats.nrThpFailed++;
}

function isThp(k: Machine, folio: number): boolean {
  return folioTestLarge(k, folio) && !PageHuge(k, folio);
}

/** Moves a folio, a huge one whole where that can be done. @returns MOVED, SPLIT or a negative error number */
function* migrateOrSplit(
  k: Machine,
  folio: number,
  reason: MigrateReason,
  split: number[],
  stats: MigratePagesStats,
): Step<number> {
  const thp = isThp(k, folio);
  if (thp && splitsFirst(k, folio) && (yield* trySplitFolio(k, folio, split, stats))) return SPLIT;
  if (!migrationSupported(k, folio)) return -ENOSYS;
  const rc = yield* migrateFolio(k, folio, reason);
  if (rc === -ENOMEM && thp && (yield* trySplitFolio(k, folio, split, stats))) return SPLIT;
  return rc;
}

/** @kernel include/linux/huge_mm.h thp_migration_supported v6.2 */
function thpMigrationSupported(k: Machine): boolean {
  return k.pte.huge?.migration !== undefined;
}

/** @kernel include/linux/hugetlb.h hugepage_migration_supported v6.2 */
export function hugepageMigrationSupported(k: Machine): boolean {
  return k.pte.arch.huge?.hugetlbMigration === true;
}

/** Whether a folio can move as it is. */
export function migrationSupported(k: Machine, folio: number): boolean {
  if (PageHuge(k, folio)) return hugepageMigrationSupported(k);
  return !folioTestLarge(k, folio) || thpMigrationSupported(k);
}

/** A folio that waits to be split anyway is worth no huge frame, since 7262f208ca68. */
function splitsFirst(k: Machine, folio: number): boolean {
  if (!thpMigrationSupported(k)) return true;
  return k.patched.migrationSplitsDeferred && deferredSplitQueued(k, folio);
}

/** @kernel mm/migrate.c try_split_folio 6.12 @param split receives its pages */
function* trySplitFolio(k: Machine, folio: number, split: number[], stats: MigratePagesStats): Step<boolean> {
  const tails: number[] = [];
  yield* folioLock(k, folio);
  const rc = yield* splitHugePageToList(k, folio, tails);
  folioUnlock(k, folio);
  if (rc !== 0) return false;
  stats.nrThpFailed++;
  stats.nrThpSplit++;
  split.push(folio, ...tails);
  return true;
}

/** Gives pages that did not move back to their lists. @kernel mm/migrate.c putback_movable_pages v6.2 */
export function* putbackMovablePages(k: Machine, pages: readonly number[]): Step<void> {
  for (const page of pages) {
    if (PageHuge(k, page)) yield* folioPutbackHugetlb(k, page);
    else yield* folioPutbackLru(k, page);
  }
}

/**
 * Takes a folio that is to move out of everybody's way.
 *
 * MODEL: folio_isolate_lru(), or folio_isolate_hugetlb().
 * @returns whether nobody else has; then with a reference
 */
export function* isolateMovable(k: Machine, folio: number): Step<boolean> {
  if (!PageHuge(k, folio)) return yield* folioIsolateLru(k, folio);
  return yield* folioIsolateHugetlb(k, folio);
}

/**
 * MODEL: migrate_folio_unmap() and migrate_folio_move(), which 6.12 runs over whole batches; of hugetlb
 * unmap_and_move_huge_page(), which does both.
 */
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
  if (PageHuge(k, src)) yield* folioPutbackHugetlb(k, src);
  else if (reason !== 'MR_MEMORY_FAILURE') yield* folioPut(k, src);
}

/**
 * Locks both frames and leaves migration entries wherever the page was mapped.
 *
 * @kernel mm/migrate.c migrate_folio_unmap 6.12
 * @returns a negative error number when nothing is locked and everything is as before
 */
export function* migrateFolioUnmap(k: Machine, src: number): Step<Unmapped | number> {
  const dst = newFolio(k, src);
  if (dst === 0) return -ENOMEM;
  if (!(yield* folioTrylock(k, src))) return yield* giveUp(k, dst, -EAGAIN);
  if (testFlag(k, src, PG_writeback)) {
    folioUnlock(k, src);
    return yield* giveUp(k, dst, -EBUSY);
  }
  yield* folioTrylock(k, dst);
  // A page that was just read into the swap cache is nobody's yet: rmap could not find it.
  const wasMapped = pageOwner(k, src) !== 0 && folioMapcount(k, src) > 0;
  if (wasMapped) yield* unmap(k, src);
  if (folioMapcount(k, src) === 0) return { dst, wasMapped };
  yield* mapAgain(k, src, src);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  return yield* giveUp(k, dst, -EAGAIN);
}

/** A frame, or frames, of the same kind; 0 for none. MODEL: alloc_migration_target(). */
function newFolio(k: Machine, src: number): number {
  if (PageHuge(k, src)) return allocHugePageNodemask(k);
  return folioTestLarge(k, src) ? allocHugeFolio(k) : allocPage(k);
}

function* unmap(k: Machine, src: number): Step<void> {
  if (PageHuge(k, src)) yield* tryToMigrateHugetlb(k, src);
  else if (folioTestLarge(k, src)) yield* tryToMigrateWhole(k, src);
  else yield* tryToMigrate(k, src);
}

function* giveUp(k: Machine, dst: number, rc: number): Step<number> {
  yield* folioPut(k, dst);
  return rc;
}

/** @kernel mm/migrate.c migrate_folio_move 6.12 */
export function* migrateFolioMove(k: Machine, src: number, { dst, wasMapped }: Unmapped): Step<number> {
  const rc = yield* moveToNewFolio(k, dst, src);
  if (rc === 0 && PageHuge(k, dst)) {
    moveHugetlbState(k, src, dst);
  } else if (rc === 0) {
    // On its list before it is mapped: a mapping of a locked VMA counts itself there.
    yield* folioAddLru(k, dst);
    if (wasMapped) yield* lruAddDrain(k);
  }
  if (wasMapped) yield* mapAgain(k, src, rc === 0 ? dst : src);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  yield* folioPut(k, dst);
  return rc;
}

function* mapAgain(k: Machine, src: number, folio: number): Step<void> {
  if (PageHuge(k, folio)) yield* removeMigrationPtesHugetlb(k, src, folio);
  else if (folioTestLarge(k, folio)) yield* removeMigrationPtesWhole(k, src, folio);
  else yield* removeMigrationPtes(k, src, folio);
}
