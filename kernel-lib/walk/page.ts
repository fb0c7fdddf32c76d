import {
  PG_anon_exclusive,
  PG_dirty,
  PG_head,
  PG_hwpoison,
  PG_mlocked,
  PG_swapbacked,
  PG_swapcache,
  PG_tail,
  PG_unevictable,
  PG_uptodate,
  PG_writeback,
} from '../folio/flags.js';
import { folioMapcount } from '../folio/compound.js';
import {
  PageAnon,
  PageKsm,
  ZERO_PFN,
  isDevicePfn,
  pageFlags,
  pageFolio,
  pageMapcount,
} from '../folio/frame.js';
import { PageHuge } from '../folio/hugetlb-pool.js';
import { isHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, ptePfn, ptePresent } from '../pgtable/pte.js';
import {
  isHwpoisonEntry,
  isPteMarkerEntry,
  nonSwapEntry,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { isSwapPte } from '../swap/special-pte.js';
import type { Vma } from '../vma/vma.js';
import {
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  PM_SWAP,
  PM_UFFD_WP,
  pteToPagemapEntry,
} from './pagemap.js';

/** What /proc/PID/pagemap, /proc/kpageflags and /proc/kpagecount say of one page of a mapping. */
export type PageView =
  | { readonly kind: 'none' | 'swapError' | 'hwpoison'; readonly bits: string }
  | { readonly kind: 'swap'; readonly bits: string; readonly entry: number }
  | { readonly kind: 'marker'; readonly bits: string; readonly marker: number }
  | {
      readonly kind: 'present';
      readonly bits: string;
      readonly frame: number | 'Z';
      readonly flags: string;
      readonly count: number;
    };

/** Describes one entry as the recordings do. @param huge it stands for a page of what a leaf above maps */
export function pageView(k: Machine, vma: Vma, pte: Pte, huge = false): PageView {
  const bits = pagemapBits(pteToPagemapEntry(k, vma, pte, false, huge).flags);
  if (!isSwapPte(k, pte)) return ptePresent(k, pte) ? presentView(k, pte, bits) : { kind: 'none', bits };
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) return { kind: 'swap', bits, entry };
  if (isPteMarkerEntry(k, entry)) return { kind: 'marker', bits, marker: pteMarkerGet(k, entry) };
  return { kind: isHwpoisonEntry(k, entry) ? 'hwpoison' : 'swapError', bits };
}

function presentView(k: Machine, pte: Pte, bits: string): PageView {
  const frame = ptePfn(k, pte);
  if (frame === ZERO_PFN) return { kind: 'present', bits, frame: 'Z', flags: 'z', count: 0 };
  if (isDevicePfn(k, frame)) return { kind: 'present', bits, frame, flags: '', count: 0 };
  const zero = isHugeZeroPage(k, pageFolio(k, frame));
  const flags = stablePageFlags(k, frame);
  return { kind: 'present', bits, frame: zero ? 'Z' : frame, flags, count: pageMapcount(k, frame) };
}

/** Letters of pagemap's flags. */
function pagemapBits(flags: number): string {
  return (
    (flags & PM_PRESENT ? 'P' : '') +
    (flags & PM_SWAP ? 'S' : '') +
    (flags & PM_FILE ? 'F' : '') +
    (flags & PM_UFFD_WP ? 'W' : '') +
    (flags & PM_MMAP_EXCLUSIVE ? 'X' : '') +
    (flags & PM_SOFT_DIRTY ? 'D' : '')
  );
}

/** Letters of /proc/kpageflags; no recording has G, a page of hugetlb. @kernel fs/proc/page.c stable_page_flags v6.2 */
export function stablePageFlags(k: Machine, page: number): string {
  const own = pageFlags(k, page);
  const folio = pageFolio(k, page);
  const flags = k.patched.kpageflagsOfFolio ? pageFlags(k, folio) : own;
  const anon = PageAnon(k, page);
  const zero = isHugeZeroPage(k, folio);
  return (
    (flags & PG_uptodate ? 'u' : '') +
    (flags & PG_dirty ? 'd' : '') +
    (flags & PG_writeback ? 'W' : '') +
    (folioMapcount(k, folio) > 0 ? 'm' : '') +
    (anon ? 'a' : '') +
    (flags & PG_swapcache ? 'c' : '') +
    (flags & PG_swapbacked ? 'b' : '') +
    (own & PG_head ? 'H' : '') +
    (own & PG_tail ? 'T' : '') +
    (flags & PG_unevictable ? 'n' : '') +
    (own & PG_hwpoison ? 'X' : '') +
    (PageKsm(k, page) ? 'k' : '') +
    (PageHuge(k, folio) ? 'G' : own & (PG_head | PG_tail) && (anon || zero) ? 'h' : '') +
    (zero ? 'z' : '') +
    (flags & PG_mlocked ? 'L' : '') +
    (anon && flags & PG_anon_exclusive ? 'e' : '')
  );
}
