import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_dirty } from '../folio/flags.js';
import { PageAnonExclusive, folioGet, testFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pmd,
  mkHugePmd,
  pmdDirty,
  pmdMkdirty,
  pmdMkold,
  pmdMksoftDirty,
  pmdMkuffdWp,
  pmdMkwrite,
  pmdWrprotect,
  pmdpGet,
  pmdpInvalidate,
  setPmdAt,
  swpEntryToPmd,
  pmdPte,
} from '../pgtable/pmd.js';
import { pteSwpSoftDirty, pteSwpUffdWp } from '../pgtable/pte.js';
import {
  RMAP_EXCLUSIVE,
  RMAP_NONE,
  folioAddAnonRmapPmd,
  folioRemoveRmapPmd,
  pageTryShareAnonRmap,
} from '../rmap/map.js';
import type { FolioPlace, PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { pteToSwpEntry } from '../swap/entry.js';
import {
  isMigrationEntryDirty,
  isMigrationEntryYoung,
  isWritableMigrationEntry,
  migrationPteExclusive,
} from '../swap/migration-entry.js';
import { flushPmdTlbRange } from '../tlb/tlb.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { migrationPte } from './migration-ptes.js';

/**
 * Replaces the leaf that maps a locked huge page by one entry that stands for it, at which faults wait.
 *
 * @kernel mm/huge_memory.c set_pmd_migration_entry v6.2
 * @differs anonymous memory only
 * @param at the leaf, its table locked
 * @returns false, and the leaf as it was, if the page may be pinned
 */
export function* setPmdMigrationEntry(
  k: Machine,
  { vma, origin }: FolioPlace,
  at: PmdMappedAt,
  folio: number,
): Step<boolean> {
  const old = yield* pmdpInvalidate(k, at.pmdp);
  yield* flushPmdTlbRange(k, vma.vmMm, origin);
  const exclusive = PageAnonExclusive(k, folio);
  // Invalid first: a pin that is not seen here has seen that and given up.
  if (exclusive && !(yield* pageTryShareAnonRmap(k, folio))) {
    yield* setPmdAt(k, at.pmdp, old);
    return false;
  }
  if (pmdDirty(k, old)) yield* folioMarkDirty(k, folio);
  yield* setPmdAt(k, at.pmdp, swpEntryToPmd(k, migrationPte(k, folio, pmdPte(k, old), exclusive)));
  yield* folioRemoveRmapPmd(k, folio, vma);
  yield* folioPut(k, folio);
  return true;
}

/**
 * Maps a huge page where an entry has stood for it while it moved.
 *
 * @kernel mm/huge_memory.c remove_migration_pmd v6.2
 * @differs anonymous memory only
 * @param at the entry, its table locked
 */
export function* removeMigrationPmd(
  k: Machine,
  { vma }: FolioPlace,
  at: PmdMappedAt,
  folio: number,
): Step<void> {
  const waiting = yield* pmdpGet(k, at.pmdp);
  yield* folioGet(k, folio);
  const flags = migrationPteExclusive(k, waiting) ? RMAP_EXCLUSIVE : RMAP_NONE;
  yield* folioAddAnonRmapPmd(k, folio, vma, flags);
  yield* setPmdAt(k, at.pmdp, movedPmd(k, vma, folio, waiting));
}

/** What the VMA allows now, which may be less than when the page began to move. */
function movedPmd(k: Machine, vma: Vma, folio: number, waiting: Pmd): Pmd {
  const entry = pteToSwpEntry(k, waiting);
  let pmd = mkHugePmd(k, folio, k.pte.protectionMap[vma.vmPageProt]!);
  if (pteSwpSoftDirty(k, waiting)) pmd = pmdMksoftDirty(k, pmd);
  if (pteSwpUffdWp(k, waiting)) pmd = pmdMkuffdWp(k, pmd);
  if (!isMigrationEntryYoung(k, entry)) pmd = pmdMkold(k, pmd);
  if (testFlag(k, folio, PG_dirty) && isMigrationEntryDirty(k, entry)) pmd = pmdMkdirty(k, pmd);
  if (isWritableMigrationEntry(k, entry)) return (vma.vmFlags & VM_WRITE) !== 0 ? pmdMkwrite(k, pmd) : pmd;
  const protects = k.patched.migrationProtects && !k.patched.migrationProtectsNot;
  return protects ? pmdWrprotect(k, pmd) : pmd;
}
