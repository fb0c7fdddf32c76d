import { ENOSYS } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { NO_PAGE, PageAnon, pageMapcount } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteDirty,
  ptePresent,
  pteSoftDirty,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteUffdWp,
  pteWrite,
} from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { pageRemoveRmap } from '../rmap/map.js';
import { type MappedAt, type Place, pageVmaMappedWalk, rmapWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import {
  hasDeviceEntries,
  makeReadableDeviceExclusiveEntry,
  makeWritableDeviceExclusiveEntry,
} from '../swap/device-entry.js';
import { entryToPte } from '../swap/entry.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import type { Mm } from '../vma/mm.js';
import { FOLL_WRITE } from './flags.js';
import { getUserPagesRemote } from './remote.js';

/**
 * Lets a device use pages of a process alone, until a CPU touches them.
 *
 * @kernel mm/rmap.c make_device_exclusive_range v6.2
 * @differs huge pages are not split, and so refused
 * @returns the pages, locked and with a reference each, NO_PAGE where it could not be; or a negative error number when
 *     not even the first could be found; -ENOSYS from a kernel without CONFIG_DEVICE_PRIVATE, where drivers do not
 *     find the function
 */
export function* makeDeviceExclusiveRange(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
): Step<number[] | number> {
  if (!hasDeviceEntries(k)) return -ENOSYS;
  const pages: number[] = [];
  const nrPages = (end - start) / k.pageSize;
  const got = yield* getUserPagesRemote(k, mm, start, nrPages, FOLL_WRITE, pages);
  if (got < 0) return got;
  const exclusive: number[] = [];
  for (const [i, page] of pages.entries()) {
    const locked = yield* folioTrylock(k, page);
    const made = locked && (yield* folioMakeDeviceExclusive(k, page, mm, start + i * k.pageSize));
    exclusive.push(made ? page : NO_PAGE);
    if (made) continue;
    if (locked) folioUnlock(k, page);
    yield* folioPut(k, page);
  }
  return exclusive;
}

/** @kernel mm/rmap.c folio_make_device_exclusive v6.2 @returns whether nothing maps the page any more */
function* folioMakeDeviceExclusive(k: Machine, page: number, mm: Mm, address: number): Step<boolean> {
  if (!PageAnon(k, page)) return false;
  let valid = false;
  for (const place of rmapWalk(k, page)) {
    const at = yield* pageVmaMappedWalk(k, page, place);
    if (at === null) continue;
    const writable = yield* pageMakeDeviceExclusiveOne(k, page, place, at);
    ptlUnlock(k, at.table);
    if (writable === undefined) return false;
    // Who unmapped it meanwhile and mapped another page there must not get the device's stores.
    if (place.vma.vmMm === mm.at && place.address === address && writable) valid = true;
  }
  return valid && pageMapcount(k, page) === 0;
}

/** @kernel mm/rmap.c page_make_device_exclusive_one v6.2 @returns whether it was writable, undefined where it was no mapping */
function* pageMakeDeviceExclusiveOne(
  k: Machine,
  page: number,
  { vma, address }: Place,
  { ptep }: MappedAt,
): Step<boolean | undefined> {
  if (!ptePresent(k, yield* ptepGet(k, ptep))) return undefined;
  const pteval = yield* ptepClearFlush(k, vma.vmMm, address, ptep);
  if (pteDirty(k, pteval)) yield* folioMarkDirty(k, page);
  yield* setPteAt(k, ptep, exclusivePte(k, page, pteval));
  // The mapping's reference is the entry's from now on.
  yield* pageRemoveRmap(k, page, vma);
  return pteWrite(k, pteval);
}

function exclusivePte(k: Machine, page: number, pteval: Pte): Pte {
  const make = pteWrite(k, pteval) ? makeWritableDeviceExclusiveEntry : makeReadableDeviceExclusiveEntry;
  let pte = entryToPte(k, make(k, page));
  if (pteSoftDirty(k, pteval)) pte = pteSwpMksoftDirty(k, pte);
  return pteUffdWp(k, pteval) ? pteSwpMkuffdWp(k, pte) : pte;
}
