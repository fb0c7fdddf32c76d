import type { Machine } from '../machine/machine.js';
import { pmdSpan, taskSize } from '../pgtable/table.js';
import { NR_REGIONS, REGION_BASE, REGION_SIZE } from './operation.js';

/** Huge pages that a region has room for, where they are too large for its recorded size. */
const HUGE_PAGES = 4;

/** Bytes from one region to the next. */
function regionSize(k: Machine): number {
  const hasHugePages = k.thp !== 'never' || k.globals.nrHugePages > 0;
  return hasHugePages ? Math.max(REGION_SIZE, HUGE_PAGES * pmdSpan(k)) : REGION_SIZE;
}

/** Where a program's regions lie: as recorded, or lower where the address space ends before (Sun-3: 256 MiB). */
export function regionBase(k: Machine): number {
  const size = taskSize(k);
  const all = NR_REGIONS * regionSize(k);
  return REGION_BASE + all <= size ? REGION_BASE : size / 16;
}

export function regionsEnd(k: Machine): number {
  return regionBase(k) + NR_REGIONS * regionSize(k);
}

/** First byte of a page of a region. */
export function regionAddress(k: Machine, region: number, index: number): number {
  return regionBase(k) + region * regionSize(k) + index * k.pageSize;
}

/** The page of a region at an address: what `regionAddress` was given. */
export function regionPage(k: Machine, address: number): { readonly region: number; readonly index: number } {
  const offset = address - regionBase(k);
  const size = regionSize(k);
  return { region: Math.floor(offset / size), index: (offset % size) / k.pageSize };
}
