import {
  PG_anon_exclusive,
  PG_dirty,
  PG_hwpoison,
  PG_mlocked,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
  PG_uptodate,
  PG_writeback,
} from '../folio/flags.js';
import { PageAnon, PageKsm, ZERO_PFN, pageFlags, pageMapcount } from '../folio/frame.js';
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

/** Describes one entry as the recordings do. */
export function pageView(k: Machine, vma: Vma, pte: Pte): PageView {
  const bits = pagemapBits(pteToPagemapEntry(k, vma, pte, false).flags);
  if (!isSwapPte(k, pte)) return ptePresent(k, pte) ? presentView(k, pte, bits) : { kind: 'none', bits };
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) return { kind: 'swap', bits, entry };
  if (isPteMarkerEntry(k, entry)) return { kind: 'marker', bits, marker: pteMarkerGet(k, entry) };
  return { kind: isHwpoisonEntry(k, entry) ? 'hwpoison' : 'swapError', bits };
}

function presentView(k: Machine, pte: Pte, bits: string): PageView {
  const frame = ptePfn(k, pte);
  if (frame === ZERO_PFN) return { kind: 'present', bits, frame: 'Z', flags: 'z', count: 0 };
  return { kind: 'present', bits, frame, flags: stablePageFlags(k, frame), count: pageMapcount(k, frame) };
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

/** Letters of /proc/kpageflags. @kernel fs/proc/page.c stable_page_flags v6.2 */
export function stablePageFlags(k: Machine, page: number): string {
  const flags = pageFlags(k, page);
  const anon = PageAnon(k, page);
  return (
    (flags & PG_uptodate ? 'u' : '') +
    (flags & PG_dirty ? 'd' : '') +
    (flags & PG_writeback ? 'W' : '') +
    (pageMapcount(k, page) > 0 ? 'm' : '') +
    (anon ? 'a' : '') +
    (flags & PG_swapcache ? 'c' : '') +
    (flags & PG_swapbacked ? 'b' : '') +
    (flags & PG_unevictable ? 'n' : '') +
    (flags & PG_hwpoison ? 'X' : '') +
    (PageKsm(k, page) ? 'k' : '') +
    (flags & PG_mlocked ? 'L' : '') +
    (anon && flags & PG_anon_exclusive ? 'e' : '')
  );
}
