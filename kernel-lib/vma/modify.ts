import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { anonVmaClone } from './anon-vma.js';
import { getFile, vmaLinkFile } from './file.js';
import { vmaMergeExistingRange, type VmaMerge } from './merge.js';
import { Mm } from './mm.js';
import { hugetlbVmOpOpen } from './resv-map.js';
import { insertVma } from './vma-list.js';
import { vmAreaDup, type Vma } from './vma.js';

/** What a range inside one VMA is to become; what is left out stays as the VMA has it. */
export interface Modification {
  readonly flags: number;
  readonly uffdCtx?: number;
  /** Page offset of the range's start, where a caller is known to have passed a wrong one. */
  readonly pgoff?: number;
}

/**
 * Makes [start, end) of `vma` a VMA of its own or part of an equal neighbour, so that the caller can set what
 * `modification` says for the whole of the returned VMA. Sets nothing itself.
 *
 * @kernel mm/vma.c vma_modify 6.12
 * @differs the boundaries of huge pages are the caller's work; memory for VMAs never runs out
 * @param prev the VMA next below, or `vma` when the range begins inside of it
 */
export function vmaModify(
  k: Machine,
  prev: Vma | null,
  vma: Vma,
  start: number,
  end: number,
  modification: Modification,
): Vma {
  const vmg: VmaMerge = {
    mm: Mm.at(k, vma.vmMm),
    prev,
    next: null,
    start,
    end,
    flags: modification.flags,
    pgoff: modification.pgoff ?? vma.vmPgoff + (start - vma.vmStart) / k.pageSize,
    file: vma.vmFile,
    anonVma: vma.anonVma,
    uffdCtx: modification.uffdCtx ?? vma.vmUserfaultfdCtx,
  };
  const merged = vmaMergeExistingRange(k, vma, vmg);
  if (merged !== null) return merged;
  if (vma.vmStart < start) splitVma(k, vma, start, true);
  if (vma.vmEnd > end) splitVma(k, vma, end, false);
  return vma;
}

/**
 * Parts a VMA at `addr`.
 *
 * @kernel mm/mmap.c split_vma v6.2
 * @differs max_map_count is left out
 * @param newBelow whether the new VMA is the lower part
 * @returns the new VMA
 */
export function splitVma(k: Machine, vma: Vma, addr: number, newBelow: boolean): Vma {
  vmBugOn(addr <= vma.vmStart || addr >= vma.vmEnd, 'a VMA is split inside');
  const part = vmAreaDup(k, vma);
  const nrPages = (addr - vma.vmStart) / k.pageSize;
  if (newBelow) {
    part.vmEnd = addr;
    vma.vmPgoff += nrPages;
    vma.vmStart = addr;
  } else {
    part.vmStart = addr;
    part.vmPgoff += nrPages;
    vma.vmEnd = addr;
  }
  anonVmaClone(k, part, vma);
  hugetlbVmOpOpen(k, part, vma);
  getFile(k, part.vmFile);
  insertVma(k, Mm.at(k, vma.vmMm), part);
  vmaLinkFile(k, part);
  return part;
}
