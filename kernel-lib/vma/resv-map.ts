import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import type { Vma } from './vma.js';

/**
 * Which huge pages of an object or of a private mapping are noted. For an object: those that somebody may count on,
 * for a private mapping: those whose reservation is used up.
 *
 * @kernel include/linux/hugetlb.h resv_map v6.2
 * @differs single pages instead of regions
 */
export const ResvMap = struct('resv_map', {
  /** VMAs and objects that hold it; 0 frees it. */
  refs: 'i32',
  /** First FileRegion. */
  regions: 'i32',
});
export type ResvMap = ReturnType<typeof ResvMap.at>;

/** One noted page, by its index in huge pages. */
const FileRegion = struct('file_region', { index: 'i32', next: 'i32' });

/** @kernel mm/hugetlb.c resv_map_alloc v6.2 */
export function resvMapAlloc(k: Machine): ResvMap {
  const map = kmemCacheZalloc(k, ResvMap);
  map.refs = 1;
  return map;
}

/** One holder less; the last one frees the map. @kernel mm/hugetlb.c resv_map_release v6.2 */
export function resvMapRelease(k: Machine, map: ResvMap): void {
  map.refs--;
  if (map.refs > 0) return;
  regionDel(k, map, 0, Infinity);
  kmemCacheFree(k, ResvMap, map.at);
}

/** How many pages of [from, to) are not noted yet. @kernel mm/hugetlb.c region_chg v6.2 */
export function regionChg(k: Machine, map: ResvMap, from: number, to: number): number {
  return to - from - regionCount(k, map, from, to);
}

/** Notes [from, to); how many pages were not noted. @kernel mm/hugetlb.c region_add v6.2 */
export function regionAdd(k: Machine, map: ResvMap, from: number, to: number): number {
  let added = 0;
  for (let index = from; index < to; index++) {
    if (regionCount(k, map, index, index + 1) > 0) continue;
    const region = kmemCacheZalloc(k, FileRegion);
    region.index = index;
    region.next = map.regions;
    map.regions = region.at;
    added++;
  }
  return added;
}

/** Forgets [from, to); how many pages were noted. @kernel mm/hugetlb.c region_del v6.2 */
export function regionDel(k: Machine, map: ResvMap, from: number, to: number): number {
  let deleted = 0;
  let kept = 0;
  for (let at = map.regions; at !== 0;) {
    const region = FileRegion.at(k, at);
    at = region.next;
    if (region.index >= from && region.index < to) {
      kmemCacheFree(k, FileRegion, region.at);
      deleted++;
    } else {
      region.next = kept;
      kept = region.at;
    }
  }
  map.regions = kept;
  return deleted;
}

/** How many pages of [from, to) are noted. @kernel mm/hugetlb.c region_count v6.2 */
export function regionCount(k: Machine, map: ResvMap, from: number, to: number): number {
  let count = 0;
  for (let at = map.regions; at !== 0; at = FileRegion.at(k, at).next) {
    const { index } = FileRegion.at(k, at);
    if (index >= from && index < to) count++;
  }
  return count;
}

/** A VMA has been parted in two, or copied to be moved: both note in the same map. @kernel mm/hugetlb.c hugetlb_vm_op_open v6.2 */
export function hugetlbVmOpOpen(k: Machine, part: Vma, vma: Vma): void {
  if (vma.vmResvMap === 0) return;
  part.vmResvMap = vma.vmResvMap;
  ResvMap.at(k, vma.vmResvMap).refs++;
}
