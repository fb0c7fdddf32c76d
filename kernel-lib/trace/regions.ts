import type { Machine } from '../machine/machine.js';
import { taskSize } from '../mmap/mmap.js';
import { NR_REGIONS, REGION_BASE, REGION_SIZE } from './operation.js';

const ALL_REGIONS = NR_REGIONS * REGION_SIZE;

/** Where a program's regions lie: as recorded, or lower where the address space ends before (Sun-3: 256 MiB). */
export function regionBase(k: Machine): number {
  const size = taskSize(k);
  return REGION_BASE + ALL_REGIONS <= size ? REGION_BASE : size / 16;
}

export function regionsEnd(k: Machine): number {
  return regionBase(k) + ALL_REGIONS;
}

/** First byte of a page of a region. */
export function regionAddress(k: Machine, region: number, index: number): number {
  return regionBase(k) + region * REGION_SIZE + index * k.pageSize;
}

/** The page of a region at an address: what `regionAddress` was given. */
export function regionPage(k: Machine, address: number): { readonly region: number; readonly index: number } {
  const offset = address - regionBase(k);
  return { region: Math.floor(offset / REGION_SIZE), index: (offset % REGION_SIZE) / k.pageSize };
}
