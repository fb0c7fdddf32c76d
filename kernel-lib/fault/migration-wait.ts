import { folioTestLocked } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { type Step, blocked } from '../step/step.js';
import { isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { migrationPtePage } from '../swap/migration-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';

/**
 * Waits until the page that an entry stands for has moved; then the fault is tried again.
 *
 * @kernel mm/migrate.c migration_entry_wait v6.2
 */
export function* migrationEntryWait(k: Machine, table: number, ptep: number): Step<void> {
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  const moving = pteHasSwapEntry(k, pte) && isMigrationEntry(k, pteToSwpEntry(k, pte));
  ptlUnlock(k, table);
  if (moving) yield* migrationEntryWaitOnLocked(k, migrationPtePage(k, pte));
}

/** The old frame is locked as long as the page is moving. @kernel mm/filemap.c migration_entry_wait_on_locked v6.2 */
function* migrationEntryWaitOnLocked(k: Machine, page: number): Step<void> {
  while (yield* folioTestLocked(k, page)) yield* blocked('a page that is moving');
}
