import { PG_outside } from '../folio/flags.js';
import { PageAnon, pageMapcount, testFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { radixToSwpEntry, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { type Pte, ptePresent } from '../pgtable/pte.js';
import { vmNormalPage } from '../rmap/map.js';
import { cachedPage, namesSwapSlot } from '../swap/area.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { isDevicePrivateEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { pteHasSwapEntry, pteNoneMostly } from '../swap/special-pte.js';
import { vmaMapping } from '../vma/file.js';
import { type Vma, linearPageIndex } from '../vma/vma.js';

/** Which pages go along when a task moves to another memory cgroup. @kernel mm/memcontrol.c MOVE_ANON v6.2 */
export const MOVE_ANON = 0x1;
export const MOVE_FILE = 0x2;

/** What of an entry is charged to the cgroup that the task leaves. @kernel mm/memcontrol.c MC_TARGET_NONE v6.2 */
export type McTarget =
  | { readonly type: 'MC_TARGET_NONE' }
  | { readonly type: 'MC_TARGET_PAGE' | 'MC_TARGET_DEVICE'; readonly page: number }
  | { readonly type: 'MC_TARGET_SWAP'; readonly entry: number };

const NONE: McTarget = { type: 'MC_TARGET_NONE' };

/** A page, and the swap entry that stands for it; 0 for neither. */
interface Found {
  readonly page: number;
  readonly entry: number;
}

const NOTHING: Found = { page: 0, entry: 0 };

/**
 * Decides what moves with one entry when its task moves to another memory cgroup.
 *
 * @kernel mm/memcontrol.c get_mctgt_type v6.2
 * @differs takes no reference; every page that no process outside touched first is charged to the cgroup left
 * @param flags MOVE_…
 */
export function getMctgtType(k: Machine, vma: Vma, address: number, pte: Pte, flags: number): McTarget {
  const { page, entry } = lookup(k, vma, address, pte, flags);
  if (page !== 0 && !testFlag(k, page, PG_outside)) {
    return { type: ptePresent(k, pte) || !isDevice(k, pte) ? 'MC_TARGET_PAGE' : 'MC_TARGET_DEVICE', page };
  }
  return entry === 0 ? NONE : { type: 'MC_TARGET_SWAP', entry };
}

function lookup(k: Machine, vma: Vma, address: number, pte: Pte, flags: number): Found {
  if (ptePresent(k, pte)) return mcHandlePresentPte(k, pte, flags);
  if (pteNoneMostly(k, pte)) return mcHandleFilePte(k, vma, address, flags);
  return pteHasSwapEntry(k, pte) ? mcHandleSwapPte(k, pte, flags) : NOTHING;
}

function isDevice(k: Machine, pte: Pte): boolean {
  return pteHasSwapEntry(k, pte) && !pteNoneMostly(k, pte) && isDevicePrivateEntry(k, pteToSwpEntry(k, pte));
}

/** @kernel mm/memcontrol.c mc_handle_present_pte v6.2 */
function mcHandlePresentPte(k: Machine, pte: Pte, flags: number): Found {
  const page = vmNormalPage(k, pte);
  if (page === 0 || pageMapcount(k, page) === 0) return NOTHING;
  return (flags & (PageAnon(k, page) ? MOVE_ANON : MOVE_FILE)) === 0 ? NOTHING : { page, entry: 0 };
}

/** @kernel mm/memcontrol.c mc_handle_swap_pte v6.2 */
function mcHandleSwapPte(k: Machine, pte: Pte, flags: number): Found {
  if ((flags & MOVE_ANON) === 0) return NOTHING;
  const entry = pteToSwpEntry(k, pte);
  if (isDevicePrivateEntry(k, entry)) return { page: swpOffsetPfn(entry), entry: 0 };
  // Garbage was never charged to anybody.
  if (nonSwapEntry(k, entry) || !namesSwapSlot(k, entry)) return NOTHING;
  return { page: cachedPage(k, entry), entry };
}

/** A page of an object moves even if the task has not faulted it in. @kernel mm/memcontrol.c mc_handle_file_pte v6.2 */
function mcHandleFilePte(k: Machine, vma: Vma, address: number, flags: number): Found {
  const mapping = vmaMapping(k, vma);
  if (mapping === null || (flags & MOVE_FILE) === 0) return NOTHING;
  const at = xaLoad(k, mapping, linearPageIndex(vma, address));
  if (!xaIsValue(at)) return { page: at, entry: 0 };
  const swap = radixToSwpEntry(at);
  return nonSwapEntry(k, swap) ? NOTHING : { page: cachedPage(k, swap), entry: 0 };
}
