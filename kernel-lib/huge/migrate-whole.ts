import { hpagePmdNr } from '../folio/compound.js';
import { mlockPageDrainLocal } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import { ptepGet, ptlUnlock } from '../pgtable/table.js';
import { rmapWalkAnonLock, rmapWalkAnonUnlock } from '../rmap/anon-vma-lock.js';
import { type MappedAt, PVMW_MIGRATION, type Place, pmdMappedWalk, rmapWalkLarge } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { migrationPtePage } from '../swap/migration-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { VM_LOCKED } from '../vma/vm-flags.js';
import { eachEntry, unmapPage } from './migrate-large.js';
import { removeMigrationPmd, setPmdMigrationEntry } from './migration-pmd.js';
import { removeMigrationPte } from './migration-ptes.js';

/**
 * Replaces every mapping of a locked large anonymous folio that is to move whole, a leaf by one entry.
 *
 * MODEL: try_to_migrate() of a large folio.
 */
export function* tryToMigrateWhole(k: Machine, folio: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, folio);
  for (const place of rmapWalkLarge(k, folio)) {
    const at = yield* pmdMappedWalk(k, folio, place);
    if (at === null) {
      yield* eachEntry(k, place, unmapPage, folio);
      continue;
    }
    const unmapped = yield* setPmdMigrationEntry(k, place, at, folio);
    ptlUnlock(k, at.table);
    if (!unmapped) break;
  }
  rmapWalkAnonUnlock(k, lock);
}

/** A folio and what it was before it moved: itself, if it could not. */
interface Moved {
  readonly old: number;
  readonly folio: number;
}

/**
 * Maps a folio wherever entries wait for the old one; both locked. An entry that stood for all of it may have been
 * split meanwhile.
 *
 * MODEL: remove_migration_ptes() of a large folio.
 */
export function* removeMigrationPtesWhole(k: Machine, old: number, folio: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, folio);
  for (const place of rmapWalkLarge(k, folio)) {
    const at = yield* pmdMappedWalk(k, old, place, PVMW_MIGRATION);
    if (at === null) {
      yield* eachEntry(k, place, mapMovedPage, { old, folio });
    } else {
      yield* removeMigrationPmd(k, place, at, folio);
      ptlUnlock(k, at.table);
    }
    if ((place.vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  }
  rmapWalkAnonUnlock(k, lock);
}

function* mapMovedPage(k: Machine, place: Place, at: MappedAt, { old, folio }: Moved): Step<boolean> {
  const pte = yield* ptepGet(k, at.ptep);
  if (!pteHasSwapEntry(k, pte) || !isMigrationEntry(k, pteToSwpEntry(k, pte))) return true;
  const n = migrationPtePage(k, pte) - old;
  if (n >= 0 && n < hpagePmdNr(k)) yield* removeMigrationPte(k, folio + n, place, at);
  return true;
}
