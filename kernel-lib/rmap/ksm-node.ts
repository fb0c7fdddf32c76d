import { pageMappingWord, pageOwner } from '../folio/frame.js';
import { PAGE_MAPPING_KSM } from '../folio/flags.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { AnonVma, AnonVmaChain, getAnonVma, putAnonVma } from '../vma/anon-vma.js';
import { MMF_VM_MERGEABLE, Mm } from '../vma/mm.js';
import { Vma } from '../vma/vma.js';
import type { Place } from './walk.js';

/** A page that KSM merged, and the places that share it. @kernel mm/ksm.c ksm_stable_node v6.2 @differs a list, no tree */
export const StableNode = struct('ksm_stable_node', {
  kpfn: 'i32',
  /** First of the rmap items that share the page. */
  hlist: 'i32',
  /** The next stable node. */
  next: 'i32',
});
export type StableNode = ReturnType<typeof StableNode.at>;

/** One place that KSM watches. @kernel mm/ksm.c ksm_rmap_item v6.2 */
export const RmapItem = struct('ksm_rmap_item', {
  mm: 'i32',
  address: 'u64',
  /** The anon_vma that the place's VMA had when it was merged. */
  anonVma: 'i32',
  /** The stable node that it shares, 0 while it is not merged. */
  head: 'i32',
  /** The next item of the same stable node, and of the same address space. */
  nextShared: 'i32',
  nextInMm: 'i32',
  oldchecksum: 'i32',
  /** Scans that it has been through, and how many are to be left out. */
  age: 'i32',
  remainingSkips: 'i32',
});
export type RmapItem = ReturnType<typeof RmapItem.at>;

/** KSM begins to look at an address space, behind all others. @kernel mm/ksm.c __ksm_enter v6.2 */
export function __ksmEnter(k: Machine, mm: Mm): void {
  mm.flags |= MMF_VM_MERGEABLE;
  if (k.globals.ksmMms === 0) {
    k.globals.ksmMms = mm.at;
    return;
  }
  let last = Mm.at(k, k.globals.ksmMms);
  while (last.ksmNext !== 0) last = Mm.at(k, last.ksmNext);
  last.ksmNext = mm.at;
}

/** @kernel mm/ksm.c __ksm_exit v6.2 @differs what it watched there is forgotten at once */
export function __ksmExit(k: Machine, mm: Mm): void {
  mm.flags &= ~MMF_VM_MERGEABLE;
  if (k.globals.ksmMms === mm.at) {
    k.globals.ksmMms = mm.ksmNext;
  } else {
    let before = Mm.at(k, k.globals.ksmMms);
    while (before.ksmNext !== mm.at) before = Mm.at(k, before.ksmNext);
    before.ksmNext = mm.ksmNext;
  }
  mm.ksmNext = 0;
  while (mm.ksmRmapList !== 0) mm.ksmRmapList = freeRmapItem(k, RmapItem.at(k, mm.ksmRmapList));
}

/** Forgets a place; the next one of the same address space. */
export function freeRmapItem(k: Machine, item: RmapItem): number {
  const { nextInMm } = item;
  removeRmapItemFromTree(k, item);
  kmemCacheFree(k, RmapItem, item.at);
  return nextInMm;
}

/** A place no longer shares a merged page. @kernel mm/ksm.c remove_rmap_item_from_tree v6.2 */
export function removeRmapItemFromTree(k: Machine, item: RmapItem): void {
  if (item.head === 0) return;
  const node = StableNode.at(k, item.head);
  if (node.hlist === item.at) {
    node.hlist = item.nextShared;
  } else {
    let before = RmapItem.at(k, node.hlist);
    while (before.nextShared !== item.at) before = RmapItem.at(k, before.nextShared);
    before.nextShared = item.nextShared;
  }
  putAnonVma(k, AnonVma.at(k, item.anonVma));
  item.head = 0;
  item.nextShared = 0;
  item.anonVma = 0;
}

/** A place shares a merged page from now on. @kernel mm/ksm.c stable_tree_append v6.2 */
export function stableTreeAppend(item: RmapItem, node: StableNode): void {
  item.head = node.at;
  item.nextShared = node.hlist;
  node.hlist = item.at;
}

/** Notes under which anon_vma a place was merged: its VMA may be gone before the page is. */
export function holdAnonVma(k: Machine, item: RmapItem, anonVma: number): void {
  getAnonVma(AnonVma.at(k, anonVma));
  item.anonVma = anonVma;
}

/** Whether the page of a stable node is still the one that was merged; if not, the node goes. */
export function stableNodeIsStale(k: Machine, node: StableNode): boolean {
  return pageOwner(k, node.kpfn) !== node.at || (pageMappingWord(k, node.kpfn) & 3) !== PAGE_MAPPING_KSM;
}

/** A new stable node for a page. */
export function newStableNode(k: Machine, page: number): StableNode {
  const node = kmemCacheZalloc(k, StableNode);
  node.kpfn = page;
  node.next = k.globals.ksmStableNodes;
  k.globals.ksmStableNodes = node.at;
  return node;
}

/** All stable nodes, newest first. */
export function stableNodes(k: Machine): StableNode[] {
  const nodes: StableNode[] = [];
  for (let at = k.globals.ksmStableNodes; at !== 0; at = StableNode.at(k, at).next)
    nodes.push(StableNode.at(k, at));
  return nodes;
}

/** @kernel mm/ksm.c remove_node_from_stable_tree v6.2 */
export function removeNodeFromStableTree(k: Machine, node: StableNode): void {
  while (node.hlist !== 0) removeRmapItemFromTree(k, RmapItem.at(k, node.hlist));
  if (k.globals.ksmStableNodes === node.at) k.globals.ksmStableNodes = node.next;
  else stableNodes(k).find((other) => other.next === node.at)!.next = node.next;
  kmemCacheFree(k, StableNode, node.at);
}

/** Everywhere that a merged page may be mapped: first where it was merged, then in forks. @kernel mm/ksm.c rmap_walk_ksm v6.2 */
export function rmapWalkKsm(k: Machine, page: number): Place[] {
  const own: Place[] = [];
  const forks: Place[] = [];
  for (let at = StableNode.at(k, pageOwner(k, page)).hlist; at !== 0; at = RmapItem.at(k, at).nextShared) {
    const item = RmapItem.at(k, at);
    const { address } = item;
    for (let link = AnonVma.at(k, item.anonVma).rbRoot; link !== 0; link = AnonVmaChain.at(k, link).rbNext) {
      const vma = Vma.at(k, AnonVmaChain.at(k, link).vma);
      if (address < vma.vmStart || address >= vma.vmEnd) continue;
      (vma.vmMm === item.mm ? own : forks).push({ vma, address });
    }
  }
  return [...own, ...forks];
}
