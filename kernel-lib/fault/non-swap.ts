import { removeDeviceExclusiveEntry } from '../device/exclusive.js';
import { migrateToRam } from '../device/private.js';
import { folioGet } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import { pteSame } from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import {
  PTE_MARKER_GUARD,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  isHwpoisonEntry,
  isMigrationEntry,
  isPteMarkerEntry,
  pteMarkerGet,
} from '../swap/entry.js';
import { isDeviceExclusiveEntry, isDevicePrivateEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { markerOf, userfaultfdWp } from '../uffd/markers.js';
import { vmaIsAnonymous } from '../vma/vma.js';
import { doAnonymousPage } from './anon.js';
import { doFault } from './file.js';
import { VM_FAULT_HWPOISON, VM_FAULT_SIGBUS, VM_FAULT_SIGSEGV } from './flags.js';
import { migrationEntryWait } from './migration-wait.js';
import { type VmFault, pteOffsetMapLock } from './vm-fault.js';

/** A fault on an entry that is not present and holds no slot. MODEL: the first part of do_swap_page(). */
export function* handleNonSwapEntry(k: Machine, vmf: VmFault, entry: number): Step<number> {
  if (isMigrationEntry(k, entry)) {
    yield* migrationEntryWait(k, vmf.table, vmf.ptep);
    return 0;
  }
  if (isDeviceExclusiveEntry(k, entry)) {
    const { vma, address, table, ptep, origPte: pte } = vmf;
    yield* removeDeviceExclusiveEntry(k, { vma, address, table, ptep, pte });
    return 0;
  }
  if (isDevicePrivateEntry(k, entry)) return yield* doDevicePrivatePage(k, vmf, swpOffsetPfn(entry));
  if (isHwpoisonEntry(k, entry)) return VM_FAULT_HWPOISON;
  if (isPteMarkerEntry(k, entry)) return yield* handlePteMarker(k, vmf, pteMarkerGet(k, entry));
  // The entry of its own that told of a failed swap-in before 15520a3f0469.
  return VM_FAULT_SIGBUS;
}

/**
 * The page is in a device's memory, and the device has to bring it back.
 *
 * MODEL: the part of do_swap_page() about device-private memory. What its driver cannot bring is out of memory.
 */
function* doDevicePrivatePage(k: Machine, vmf: VmFault, page: number): Step<number> {
  yield* pteOffsetMapLock(k, vmf);
  const same = pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);
  // While the entry is there, so is the page.
  if (same) yield* folioGet(k, page);
  ptlUnlock(k, vmf.table);
  if (!same) return 0;
  return (yield* migrateToRam(k, page)) ? 0 : VM_FAULT_SIGBUS;
}

/** @kernel mm/memory.c handle_pte_marker v6.2 */
function* handlePteMarker(k: Machine, vmf: VmFault, marker: number): Step<number> {
  if (marker === 0 || (!k.patched.swapErrorMarker && vmaIsAnonymous(vmf.vma))) {
    warnOnOnce(k, 'handle_pte_marker', 'no marker can be here');
    return VM_FAULT_SIGBUS;
  }
  if ((marker & PTE_MARKER_POISONED) !== 0) {
    return k.patched.poisonMarker ? VM_FAULT_HWPOISON : VM_FAULT_SIGBUS;
  }
  if ((marker & PTE_MARKER_GUARD) !== 0) return VM_FAULT_SIGSEGV;
  if ((marker & PTE_MARKER_UFFD_WP) !== 0) return yield* pteMarkerHandleUffdWp(k, vmf);
  return VM_FAULT_SIGBUS;
}

/** @kernel mm/memory.c pte_marker_handle_uffd_wp v6.2 */
function* pteMarkerHandleUffdWp(k: Machine, vmf: VmFault): Step<number> {
  const anonymous = vmaIsAnonymous(vmf.vma);
  const anonMarkers = k.patched.uffdWpUnpopulated;
  if (!userfaultfdWp(vmf.vma) || (anonymous && !anonMarkers)) return yield* pteMarkerClear(k, vmf);
  return anonymous ? yield* doAnonymousPage(k, vmf) : yield* doFault(k, vmf);
}

/** A marker that nobody needs any more becomes none; the access is tried again. @kernel mm/memory.c pte_marker_clear v6.2 */
function* pteMarkerClear(k: Machine, vmf: VmFault): Step<number> {
  yield* pteOffsetMapLock(k, vmf);
  const now = yield* ptepGet(k, vmf.ptep);
  const clear = k.patched.errorMarkerSurvivesFork ? pteSame(now, vmf.origPte) : markerOf(k, now) !== 0;
  if (clear) yield* setPteAt(k, vmf.ptep, k.pte.pteEmpty);
  ptlUnlock(k, vmf.table);
  return 0;
}
