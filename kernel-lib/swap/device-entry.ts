import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
} from '../pgtable/pte.js';
import { entryToPte, pteToSwpEntry, swpEntry, swpType } from './entry.js';
import { isWritableDevicePrivateEntry, swpOffsetPfn } from './pfn-entry.js';

/**
 * What stands in the page tables for a page that a device has: in memory of its own, which the CPU cannot reach, or in
 * the machine's memory, but for itself alone. Who touches it gets it back.
 */

/** CONFIG_DEVICE_PRIVATE: without, the kernel has no such entries. */
export function hasDeviceEntries(k: Machine): boolean {
  return k.swpTypes.SWP_DEVICE_READ >= 0;
}

/** @kernel include/linux/swapops.h make_readable_device_private_entry v6.2 */
export function makeReadableDevicePrivateEntry(k: Machine, page: number): number {
  return swpEntry(k.swpTypes.SWP_DEVICE_READ, page);
}

/** @kernel include/linux/swapops.h make_writable_device_private_entry v6.2 */
export function makeWritableDevicePrivateEntry(k: Machine, page: number): number {
  return swpEntry(k.swpTypes.SWP_DEVICE_WRITE, page);
}

/** @kernel include/linux/swapops.h make_readable_device_exclusive_entry v6.2 */
export function makeReadableDeviceExclusiveEntry(k: Machine, page: number): number {
  return swpEntry(k.swpTypes.SWP_DEVICE_EXCLUSIVE_READ, page);
}

/** @kernel include/linux/swapops.h make_writable_device_exclusive_entry v6.2 */
export function makeWritableDeviceExclusiveEntry(k: Machine, page: number): number {
  return swpEntry(k.swpTypes.SWP_DEVICE_EXCLUSIVE_WRITE, page);
}

/** @kernel include/linux/swapops.h is_writable_device_exclusive_entry v6.2 */
export function isWritableDeviceExclusiveEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_DEVICE_EXCLUSIVE_WRITE;
}

/** The frame that a device's entry names. */
export function devicePtePage(k: Machine, pte: Pte): number {
  return swpOffsetPfn(pteToSwpEntry(k, pte));
}

/**
 * The entry of a place that may not write from now on; the same one where it might not before. Memory of a device's own
 * forgets soft-dirtiness with that.
 */
export function wrprotectedDevicePte(k: Machine, pte: Pte): Pte {
  const entry = pteToSwpEntry(k, pte);
  const page = swpOffsetPfn(entry);
  let weak = pte;
  if (isWritableDevicePrivateEntry(k, entry)) {
    weak = entryToPte(k, makeReadableDevicePrivateEntry(k, page));
  } else if (isWritableDeviceExclusiveEntry(k, entry)) {
    weak = entryToPte(k, makeReadableDeviceExclusiveEntry(k, page));
    if (pteSwpSoftDirty(k, pte)) weak = pteSwpMksoftDirty(k, weak);
  } else {
    return pte;
  }
  return pteSwpUffdWp(k, pte) ? pteSwpMkuffdWp(k, weak) : weak;
}
