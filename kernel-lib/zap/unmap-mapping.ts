import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmasMapping } from '../vma/file.js';
import { vmaPages } from '../vma/vma.js';
import { type ZapDetails, zapPageRangeSingle } from './zap.js';

/**
 * Removes all mappings of a range of an object.
 *
 * @kernel mm/memory.c unmap_mapping_pages v6.2
 * @param end index behind the last page; Infinity for all
 * @param evenCows whether private copies go, too
 */
export function* unmapMappingPages(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  end: number,
  evenCows: boolean,
): Step<void> {
  yield* unmapMappingRangeTree(k, mapping, start, end, { evenCows });
}

/** Removes the mappings of one page that came behind the sweep. @kernel mm/memory.c unmap_mapping_folio v6.2 */
export function* unmapMappingFolio(k: Machine, mapping: AddressSpace, index: number): Step<void> {
  yield* unmapMappingRangeTree(k, mapping, index, index + 1, { evenCows: false, dropMarker: true });
}

/** @kernel mm/memory.c unmap_mapping_range_tree v6.2 */
function* unmapMappingRangeTree(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  end: number,
  details: ZapDetails,
): Step<void> {
  for (const vma of vmasMapping(k, mapping, start, end - 1)) {
    const first = Math.max(start, vma.vmPgoff);
    const last = Math.min(end, vma.vmPgoff + vmaPages(vma));
    const from = vma.vmStart + (first - vma.vmPgoff) * k.pageSize;
    yield* zapPageRangeSingle(k, vma, from, from + (last - first) * k.pageSize, details);
  }
}
