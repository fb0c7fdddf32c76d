import { EBUSY } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import { folioPut } from '../folio/alloc.js';
import { PageAnon, PageAnonExclusive, folioGet } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import {
  type Pte,
  pfnPte,
  pteMkdirty,
  pteMkold,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkwrite,
  pteSame,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteWrite,
} from '../pgtable/pte.js';
import { ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { RMAP_NONE, pageAddAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { devicePtePage, isWritableDeviceExclusiveEntry } from '../swap/device-entry.js';
import { pteToSwpEntry } from '../swap/entry.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/** A place whose page a device uses alone. */
export interface ExclusivePlace {
  readonly vma: Vma;
  readonly address: number;
  /** The table, its entry, and what that was when the page was found. */
  readonly table: number;
  readonly ptep: number;
  readonly pte: Pte;
}

/**
 * A CPU touches a page that a device uses alone: the device is told to give it back, and the process has it again.
 *
 * @kernel mm/memory.c remove_device_exclusive_entry v6.2
 * @differs devices hear of nothing: they are asked whether the page is theirs before each use
 */
export function* removeDeviceExclusiveEntry(k: Machine, place: ExclusivePlace): Step<void> {
  const page = devicePtePage(k, place.pte);
  // The entry's own reference may go at any time.
  yield* folioGet(k, page);
  yield* folioLock(k, page);
  yield* ptlLock(k, place.table);
  const same = pteSame(yield* ptepGet(k, place.ptep), place.pte);
  if (same) yield* restoreExclusivePte(k, place, page);
  ptlUnlock(k, place.table);
  folioUnlock(k, page);
  yield* folioPut(k, page);
}

/**
 * For fork, which holds the table's lock and so cannot wait for the page's.
 *
 * @kernel mm/memory.c try_restore_exclusive_pte v6.2
 * @returns 0, or -EBUSY when somebody has locked the page
 */
export function* tryRestoreExclusivePte(k: Machine, place: ExclusivePlace): Step<number> {
  const page = devicePtePage(k, place.pte);
  if (!(yield* folioTrylock(k, page))) return -EBUSY;
  yield* restoreExclusivePte(k, place, page);
  folioUnlock(k, page);
  return 0;
}

/** The page is mapped again, by the reference that the entry had. @kernel mm/memory.c restore_exclusive_pte v6.2 */
function* restoreExclusivePte(
  k: Machine,
  { vma, address, ptep, pte }: ExclusivePlace,
  page: number,
): Step<void> {
  const restored = presentPte(k, vma, pte, page);
  vmBugOn(
    pteWrite(k, restored) && !(PageAnon(k, page) && PageAnonExclusive(k, page)),
    'I1: a writable entry maps an exclusive page',
  );
  if (PageAnon(k, page)) yield* pageAddAnonRmap(k, page, vma, address, RMAP_NONE);
  else warnOnOnce(k, 'restore_exclusive_pte', 'only anonymous pages are used by a device alone');
  yield* setPteAt(k, ptep, restored);
}

function presentPte(k: Machine, vma: Vma, swpPte: Pte, page: number): Pte {
  let pte = pteMkold(k, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!));
  if (pteSwpSoftDirty(k, swpPte)) pte = pteMksoftDirty(k, pte);
  if (pteSwpUffdWp(k, swpPte)) return pteMkuffdWp(k, pte);
  if (!isWritableDeviceExclusiveEntry(k, pteToSwpEntry(k, swpPte))) return pte;
  const dirty = pteMkdirty(k, pte);
  return (vma.vmFlags & VM_WRITE) !== 0 ? pteMkwrite(k, dirty) : dirty;
}
