import { folioTestLocked } from '../folio/lock.js';
import { type HugePteAt, hugePtepGet } from '../huge/hugetlb-pte.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { pmdpGet } from '../pgtable/pmd.js';
import type { Pte } from '../pgtable/pte.js';
import { ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { type Step, blocked } from '../step/step.js';
import { isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { isPmdMigrationEntry, migrationPtePage } from '../swap/migration-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import type { Vma } from '../vma/vma.js';

/**
 * Waits until the page that an entry stands for has moved; then the fault is tried again.
 *
 * @kernel mm/migrate.c migration_entry_wait v6.2
 */
export function* migrationEntryWait(k: Machine, table: number, ptep: number): Step<void> {
  yield* ptlLock(k, table);
  yield* unlockAndWait(k, table, yield* ptepGet(k, ptep));
}

/** The same for a page of hugetlb. @kernel mm/migrate.c migration_entry_wait_huge v6.2 */
export function* migrationEntryWaitHuge(k: Machine, { table, ptep }: HugePteAt): Step<void> {
  yield* ptlLock(k, table);
  yield* unlockAndWait(k, table, yield* hugePtepGet(k, ptep));
}

function* unlockAndWait(k: Machine, table: number, pte: Pte): Step<void> {
  const moving = pteHasSwapEntry(k, pte) && isMigrationEntry(k, pteToSwpEntry(k, pte));
  ptlUnlock(k, table);
  if (moving) yield* migrationEntryWaitOnLocked(k, migrationPtePage(k, pte));
}

/** The same for a huge page that one entry stands for. @kernel mm/migrate.c pmd_migration_entry_wait v6.2 */
export function* pmdMigrationEntryWait(k: Machine, vma: Vma, address: number): Step<void> {
  const at = yield* __pmdTransHugeLock(k, vma, address);
  if (at === null) return;
  const pmd = yield* pmdpGet(k, at.pmdp);
  ptlUnlock(k, at.table);
  if (isPmdMigrationEntry(k, pmd)) yield* migrationEntryWaitOnLocked(k, migrationPtePage(k, pmd));
}

/** The old frame is locked as long as the page is moving. @kernel mm/filemap.c migration_entry_wait_on_locked v6.2 */
function* migrationEntryWaitOnLocked(k: Machine, page: number): Step<void> {
  while (yield* folioTestLocked(k, page)) yield* blocked('a page that is moving');
}
