import type { Machine } from '../machine/machine.js';
import { AnonVma, anonVmaAlloc, anonVmaChainIsSingular, anonVmaChainLink } from './anon-vma.js';
import { Mm } from './mm.js';
import { vmaNext, vmaPrev } from './vma-list.js';
import { vmaPages, type Vma } from './vma.js';
import { VM_ACCESS_FLAGS, VM_SOFTDIRTY } from './vm-flags.js';

/**
 * Gives the VMA an anon_vma unless it has one, as every path does that is about to map an anonymous page.
 *
 * @kernel include/linux/rmap.h anon_vma_prepare v6.2
 */
export function anonVmaPrepare(k: Machine, vma: Vma): void {
  if (vma.anonVma === 0) __anonVmaPrepare(k, vma);
}

function __anonVmaPrepare(k: Machine, vma: Vma): void {
  let anonVma = findMergeableAnonVma(k, vma);
  if (anonVma === null) {
    anonVma = anonVmaAlloc(k);
    anonVma.numChildren++;
  }
  vma.anonVma = anonVma.at;
  anonVmaChainLink(k, vma, anonVma);
  anonVma.numActiveVmas++;
}

/**
 * A neighbour's anon_vma, so that two VMAs which mprotect has parted can become one again; NULL if none fits.
 *
 * @kernel mm/mmap.c find_mergeable_anon_vma v6.2
 */
function findMergeableAnonVma(k: Machine, vma: Vma): AnonVma | null {
  const mm = Mm.at(k, vma.vmMm);
  const next = vmaNext(k, mm, vma);
  if (next !== null) {
    const anonVma = reusableAnonVma(k, next, vma, next);
    if (anonVma !== null) return anonVma;
  }
  const prev = vmaPrev(k, mm, vma);
  return prev === null ? null : reusableAnonVma(k, prev, prev, vma);
}

/**
 * The anon_vma of `old`, which is one of the neighbours `a` and `b`, unless a fork has made it part of a family.
 *
 * @kernel mm/mmap.c reusable_anon_vma v6.2
 */
function reusableAnonVma(k: Machine, old: Vma, a: Vma, b: Vma): AnonVma | null {
  if (!anonVmaCompatible(a, b) || old.anonVma === 0) return null;
  return anonVmaChainIsSingular(k, old) ? AnonVma.at(k, old.anonVma) : null;
}

/** @kernel mm/mmap.c anon_vma_compatible v6.2 */
function anonVmaCompatible(a: Vma, b: Vma): boolean {
  return (
    a.vmEnd === b.vmStart &&
    a.vmFile === b.vmFile &&
    ((a.vmFlags ^ b.vmFlags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) === 0 &&
    b.vmPgoff === a.vmPgoff + vmaPages(a)
  );
}
