import { EBUSY, EINVAL, EIO, ENOENT } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { genericMaxSwapfileSize } from '../pgtable/swapops.js';
import { SWAP_SLOT_WORDS, swapArea, swaponArea } from './area.js';

/** @kernel include/linux/swap.h SWAP_FLAG_PREFER v6.2 */
export const SWAP_FLAG_PREFER = 0x8000;
export const SWAP_FLAG_PRIO_MASK = 0x7fff;
export const SWAP_FLAG_DISCARD = 0x10000;
export const SWAP_FLAG_DISCARD_ONCE = 0x20000;
export const SWAP_FLAG_DISCARD_PAGES = 0x40000;
/** @kernel include/linux/swap.h SWAP_FLAGS_VALID v6.2 */
const SWAP_FLAGS_VALID =
  SWAP_FLAG_PRIO_MASK |
  SWAP_FLAG_PREFER |
  SWAP_FLAG_DISCARD |
  SWAP_FLAG_DISCARD_ONCE |
  SWAP_FLAG_DISCARD_PAGES;

/**
 * The swapon system call, on the one device that a machine has.
 *
 * MODEL: of SYSCALL_DEFINE2(swapon) the checks in their order, without permissions and priorities.
 *
 * @param nrSlots that the device's header speaks of, itself among them
 * @param flags of the area: SWP_SYNCHRONOUS_IO, SWP_STABLE_WRITES
 * @param swapFlags SWAP_FLAG_…
 * @returns 0; -EINVAL for flags that there are not and for a header without slots or with more than the device has;
 *     -ENOENT for a machine without the device; -EBUSY for one in use, also if swapoff is under way; -EIO for one that
 *     cannot be read
 */
export function swapon(k: Machine, nrSlots: number, flags: number, swapFlags = 0): number {
  if ((swapFlags & ~SWAP_FLAGS_VALID) !== 0) return -EINVAL;
  if (deviceSlots(k) === 0) return -ENOENT;
  if (swapArea(k) !== undefined) return -EBUSY;
  // Only who has claimed the device reads its header.
  if (k.globals.swapIoFails !== 0) return -EIO;
  const maxpages = readSwapHeader(k, nrSlots);
  if (maxpages === 0) return -EINVAL;
  swaponArea(k, maxpages, flags);
  return 0;
}

/** Slots that the machine's device has room for, 0 where there is no device. */
export function deviceSlots(k: Machine): number {
  return k.swapSlots.length / SWAP_SLOT_WORDS;
}

/**
 * The slots that are used, 0 if the header is not to be believed. What entries cannot name is left unused without a word.
 *
 * @kernel mm/swapfile.c read_swap_header v6.2
 * @differs the signature is right and no block is bad
 */
function readSwapHeader(k: Machine, nrSlots: number): number {
  if (nrSlots <= 1) return 0;
  const maxpages = Math.min(nrSlots, Number(genericMaxSwapfileSize(k.pte)));
  return maxpages > deviceSlots(k) ? 0 : maxpages;
}
