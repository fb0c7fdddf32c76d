import type { Machine } from '../machine/machine.js';
import { PFN_BITS, isHwpoisonEntry, isMigrationEntry, swpOffset, swpType } from './entry.js';

/** Entries that stand for a page: they hold its frame instead of a slot. */

/** Whether the page lies in a device's own memory. @kernel include/linux/swapops.h is_device_private_entry v6.2 */
export function isDevicePrivateEntry(k: Machine, entry: number): boolean {
  const type = swpType(entry);
  return type === k.swpTypes.SWP_DEVICE_READ || type === k.swpTypes.SWP_DEVICE_WRITE;
}

/** @kernel include/linux/swapops.h is_writable_device_private_entry v6.2 */
export function isWritableDevicePrivateEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_DEVICE_WRITE;
}

/** Whether a device uses the page alone for a while. @kernel include/linux/swapops.h is_device_exclusive_entry v6.2 */
export function isDeviceExclusiveEntry(k: Machine, entry: number): boolean {
  const type = swpType(entry);
  const { SWP_DEVICE_EXCLUSIVE_READ, SWP_DEVICE_EXCLUSIVE_WRITE } = k.swpTypes;
  return type === SWP_DEVICE_EXCLUSIVE_READ || type === SWP_DEVICE_EXCLUSIVE_WRITE;
}

/** @kernel include/linux/swapops.h is_pfn_swap_entry v6.2 */
export function isPfnSwapEntry(k: Machine, entry: number): boolean {
  if (isHwpoisonEntry(k, entry)) return k.patched.hwpoisonIsPfnEntry;
  return isMigrationEntry(k, entry) || isDevicePrivateEntry(k, entry) || isDeviceExclusiveEntry(k, entry);
}

/** The frame in an entry that stands for a page. @kernel include/linux/swapops.h swp_offset_pfn v6.2 */
export function swpOffsetPfn(entry: number): number {
  return swpOffset(entry) & ((1 << PFN_BITS) - 1);
}
