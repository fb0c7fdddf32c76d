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
import {
  type Pte,
  pteNone,
  ptePfn,
  ptePresent,
  pteSoftDirty,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteUffdWp,
} from '../pgtable/pte.js';
import {
  isHwpoisonEntry,
  isPteMarkerEntry,
  nonSwapEntry,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { pteMarkerUffdWp } from '../uffd/markers.js';
import { VM_SOFTDIRTY } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

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

/**
 * Describes one entry.
 *
 * @kernel fs/proc/task_mmu.c pte_to_pagemap_entry v6.2
 * @differs bits are letters: P present, S swapped, F file, W uffd-wp, X mapped once, D soft-dirty
 */
export function pteToPagemapEntry(k: Machine, vma: Vma, pte: Pte): PageView {
  const whole = k.softDirty && (vma.vmFlags & VM_SOFTDIRTY) !== 0;
  if (pteNone(k, pte)) return { kind: 'none', bits: whole ? 'D' : '' };
  if (!ptePresent(k, pte)) return swapView(k, pte, whole);
  const wp = pteUffdWp(k, pte) ? 'W' : '';
  const dirty = whole || pteSoftDirty(k, pte) ? 'D' : '';
  const frame = ptePfn(k, pte);
  if (frame === ZERO_PFN)
    return { kind: 'present', bits: `P${wp}${dirty}`, frame: 'Z', flags: 'z', count: 0 };
  const file = PageAnon(k, frame) ? '' : 'F';
  const count = pageMapcount(k, frame);
  const bits = `P${file}${wp}${count === 1 ? 'X' : ''}${dirty}`;
  return { kind: 'present', bits, frame, flags: stablePageFlags(k, frame), count };
}

function swapView(k: Machine, pte: Pte, whole: boolean): PageView {
  const wp = pteSwpUffdWp(k, pte) || pteMarkerUffdWp(k, pte) ? 'W' : '';
  const dirty = whole || pteSwpSoftDirty(k, pte) ? 'D' : '';
  const bits = `S${wp}${dirty}`;
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) return { kind: 'swap', bits, entry };
  if (isPteMarkerEntry(k, entry)) return { kind: 'marker', bits, marker: pteMarkerGet(k, entry) };
  return { kind: isHwpoisonEntry(k, entry) ? 'hwpoison' : 'swapError', bits };
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
