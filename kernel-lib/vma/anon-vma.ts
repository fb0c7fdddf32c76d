import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import type { Vma } from './vma.js';

/**
 * The set of VMAs in which a group of anonymous pages may be mapped. A page points to the anon_vma of the VMA that
 * it was allocated in; fork gives the child its own and enters the child's VMA into those of all ancestors.
 *
 * @kernel include/linux/rmap.h anon_vma v6.2
 * @differs rb_root is a list in order of entry instead of an interval tree: walkers test each VMA's range
 */
export const AnonVma = struct('anon_vma', {
  root: 'i32',
  parent: 'i32',
  refcount: 'i32',
  /** Children, and the root itself. */
  numChildren: 'i32',
  /** VMAs whose anonVma it is, as opposed to those that it merely covers. */
  numActiveVmas: 'i32',
  /** Of a root: readers, or -1 under a writer. */
  rwsem: 'i32',
  /** First and last AnonVmaChain. */
  rbRoot: 'i32',
  rbLast: 'i32',
});
export type AnonVma = ReturnType<typeof AnonVma.at>;

/**
 * That one VMA stands in one anon_vma.
 *
 * @kernel include/linux/rmap.h anon_vma_chain v6.2
 */
export const AnonVmaChain = struct('anon_vma_chain', {
  vma: 'i32',
  anonVma: 'i32',
  /** The next older entry of the same VMA. */
  sameVma: 'i32',
  /** Neighbours among the entries of the same anon_vma. */
  rbNext: 'i32',
  rbPrev: 'i32',
});
export type AnonVmaChain = ReturnType<typeof AnonVmaChain.at>;

/**
 * Enters `dst` into every anon_vma of `src`. A `dst` without anonVma, which is fork's way to ask, takes over one
 * of them that no VMA uses any more and that has at most one child, so that a line of forks stays short.
 *
 * @kernel mm/rmap.c anon_vma_clone v6.2
 */
export function anonVmaClone(k: Machine, dst: Vma, src: Vma): void {
  for (const { anonVma: at } of chainOf(k, src).reverse()) {
    const anonVma = AnonVma.at(k, at);
    anonVmaChainLink(k, dst, anonVma);
    const abandoned = anonVma.numChildren < 2 && anonVma.numActiveVmas === 0;
    if (dst.anonVma === 0 && src.anonVma !== 0 && abandoned) dst.anonVma = at;
  }
  if (dst.anonVma !== 0) AnonVma.at(k, dst.anonVma).numActiveVmas++;
}

/**
 * Enters a child's VMA into the parent's anon_vmas, where the shared pages are found, and gives it one of its own
 * for pages still to come.
 *
 * @kernel mm/rmap.c anon_vma_fork v6.2
 */
export function anonVmaFork(k: Machine, vma: Vma, pvma: Vma): void {
  if (pvma.anonVma === 0) return;
  vma.anonVma = 0;
  anonVmaClone(k, vma, pvma);
  if (vma.anonVma !== 0) return;
  const parent = AnonVma.at(k, pvma.anonVma);
  const anonVma = anonVmaAlloc(k);
  anonVma.numActiveVmas++;
  anonVma.root = parent.root;
  anonVma.parent = parent.at;
  getAnonVma(AnonVma.at(k, parent.root));
  vma.anonVma = anonVma.at;
  anonVmaChainLink(k, vma, anonVma);
  parent.numChildren++;
}

/**
 * Takes the VMA out of all its anon_vmas. Those that become empty are let go last, the root behind its children.
 *
 * @kernel mm/rmap.c unlink_anon_vmas v6.2
 */
export function unlinkAnonVmas(k: Machine, vma: Vma): void {
  const empty: AnonVma[] = [];
  for (const avc of chainOf(k, vma)) {
    const anonVma = AnonVma.at(k, avc.anonVma);
    removeFromTree(k, anonVma, avc);
    kmemCacheFree(k, AnonVmaChain, avc.at);
    if (anonVma.rbRoot !== 0) continue;
    AnonVma.at(k, anonVma.parent).numChildren--;
    empty.push(anonVma);
  }
  vma.anonVmaChain = 0;
  if (vma.anonVma !== 0) {
    AnonVma.at(k, vma.anonVma).numActiveVmas--;
    vma.anonVma = 0;
  }
  for (const anonVma of empty) {
    vmBugOn(anonVma.numChildren !== 0, 'an empty anon_vma has no children');
    vmBugOn(anonVma.numActiveVmas !== 0, 'no VMA uses an empty anon_vma');
    putAnonVma(k, anonVma);
  }
}

/**
 * `next` is about to be swallowed by `vma`, which stands in the same anon_vmas.
 *
 * @kernel include/linux/rmap.h anon_vma_merge v6.2
 */
export function anonVmaMerge(k: Machine, vma: Vma, next: Vma): void {
  vmBugOn(vma.anonVma !== next.anonVma, 'merged VMAs share their anon_vma');
  unlinkAnonVmas(k, next);
}

/** @kernel include/linux/rmap.h get_anon_vma v6.2 */
export function getAnonVma(anonVma: AnonVma): void {
  anonVma.refcount++;
}

/** @kernel include/linux/rmap.h put_anon_vma v6.2 */
export function putAnonVma(k: Machine, anonVma: AnonVma): void {
  anonVma.refcount--;
  if (anonVma.refcount !== 0) return;
  const { root } = anonVma;
  kmemCacheFree(k, AnonVma, anonVma.at);
  if (root !== anonVma.at) putAnonVma(k, AnonVma.at(k, root));
}

/** Whether exactly one anon_vma covers the VMA: it has one, and no page of it can come from before a fork. */
export function anonVmaChainIsSingular(k: Machine, vma: Vma): boolean {
  return vma.anonVmaChain !== 0 && AnonVmaChain.at(k, vma.anonVmaChain).sameVma === 0;
}

/** Entries of the VMA, newest first. */
function chainOf(k: Machine, vma: Vma): AnonVmaChain[] {
  const chain: AnonVmaChain[] = [];
  for (let at = vma.anonVmaChain; at !== 0; at = chain.at(-1)!.sameVma) chain.push(AnonVmaChain.at(k, at));
  return chain;
}

/**
 * An anon_vma that is its own root.
 *
 * @kernel mm/rmap.c anon_vma_alloc v6.2
 */
export function anonVmaAlloc(k: Machine): AnonVma {
  const anonVma = kmemCacheZalloc(k, AnonVma);
  anonVma.refcount = 1;
  anonVma.parent = anonVma.at;
  anonVma.root = anonVma.at;
  return anonVma;
}

/** @kernel mm/rmap.c anon_vma_chain_link v6.2 */
export function anonVmaChainLink(k: Machine, vma: Vma, anonVma: AnonVma): void {
  const avc = kmemCacheZalloc(k, AnonVmaChain);
  avc.vma = vma.at;
  avc.anonVma = anonVma.at;
  avc.sameVma = vma.anonVmaChain;
  vma.anonVmaChain = avc.at;
  avc.rbPrev = anonVma.rbLast;
  if (anonVma.rbLast === 0) anonVma.rbRoot = avc.at;
  else AnonVmaChain.at(k, anonVma.rbLast).rbNext = avc.at;
  anonVma.rbLast = avc.at;
}

function removeFromTree(k: Machine, anonVma: AnonVma, avc: AnonVmaChain): void {
  if (avc.rbPrev === 0) anonVma.rbRoot = avc.rbNext;
  else AnonVmaChain.at(k, avc.rbPrev).rbNext = avc.rbNext;
  if (avc.rbNext === 0) anonVma.rbLast = avc.rbPrev;
  else AnonVmaChain.at(k, avc.rbNext).rbPrev = avc.rbPrev;
}
