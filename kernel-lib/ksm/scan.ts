import { folioPut } from '../folio/alloc.js';
import { PAGE_MAPPING_KSM } from '../folio/flags.js';
import {
  PageAnon,
  PageKsm,
  folioGet,
  pageContent,
  pageFolio,
  pageOwner,
  setPageMapping,
} from '../folio/frame.js';
import { folioTestLarge } from '../folio/compound.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { lruAddDrain } from '../folio/lru.js';
import { splitHugePageToList } from '../huge/split-folio.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import {
  RmapItem,
  StableNode,
  __ksmExit,
  freeRmapItem,
  holdAnonVma,
  newStableNode,
  removeNodeFromStableTree,
  removeRmapItemFromTree,
  stableNodeIsStale,
  stableNodes,
  stableTreeAppend,
} from '../rmap/ksm-node.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { vmaLookup, vmasOf } from '../vma/vma-list.js';
import { VM_MERGEABLE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { breakKsm, followPage } from './break.js';
import { tryToMergeOnePage } from './merge.js';

/** Places whose pages have not changed for a scan, to be compared with others; gone after it. */
type UnstableTree = RmapItem[];

/**
 * One full scan of everything that is to be merged.
 *
 * @kernel mm/ksm.c ksm_do_scan v6.2
 * @differs as many pages as there are, lists in place of trees
 */
export function* ksmDoScan(k: Machine): Step<void> {
  yield* lruAddDrain(k);
  const unstable: UnstableTree = [];
  for (let at = k.globals.ksmMms; at !== 0;) {
    const mm = Mm.at(k, at);
    at = mm.ksmNext;
    yield* scanMm(k, mm, unstable);
  }
}

function* scanMm(k: Machine, mm: Mm, unstable: UnstableTree): Step<void> {
  const vmas = vmasOf(k, mm).filter((vma) => (vma.vmFlags & VM_MERGEABLE) !== 0);
  if (vmas.length === 0) {
    __ksmExit(k, mm);
    return;
  }
  let before: RmapItem | null = null;
  for (const vma of vmas) {
    if (vma.anonVma === 0) continue;
    for (let address = vma.vmStart; address < vma.vmEnd; address += k.pageSize) {
      const page = yield* followPage(k, vma, address);
      if (page === 0 || !PageAnon(k, page)) continue;
      yield* folioGet(k, pageFolio(k, page));
      const item: RmapItem = getNextRmapItem(k, mm, before, address);
      before = item;
      if (!shouldSkipRmapItem(k, page, item)) yield* cmpAndMergePage(k, page, item, unstable);
      yield* folioPut(k, pageFolio(k, page));
    }
  }
  dropItems(k, mm, before, Infinity);
}

/** The item for an address; those passed over are of pages that are gone. @kernel mm/ksm.c get_next_rmap_item v6.2 */
function getNextRmapItem(k: Machine, mm: Mm, before: RmapItem | null, address: number): RmapItem {
  dropItems(k, mm, before, address);
  const at = before === null ? mm.ksmRmapList : before.nextInMm;
  if (at !== 0 && RmapItem.at(k, at).address === address) return RmapItem.at(k, at);
  const item = kmemCacheZalloc(k, RmapItem);
  item.mm = mm.at;
  item.address = address;
  item.nextInMm = at;
  if (before === null) mm.ksmRmapList = item.at;
  else before.nextInMm = item.at;
  return item;
}

/** Forgets the items behind `before` up to an address. */
function dropItems(k: Machine, mm: Mm, before: RmapItem | null, address: number): void {
  let at = before === null ? mm.ksmRmapList : before.nextInMm;
  while (at !== 0 && RmapItem.at(k, at).address < address) at = freeRmapItem(k, RmapItem.at(k, at));
  if (before === null) mm.ksmRmapList = at;
  else before.nextInMm = at;
}

/** How many scans to leave out a page of that age. @kernel mm/ksm.c skip_age v6.7 */
function skipAge(age: number): number {
  if (age <= 3) return 1;
  if (age <= 5) return 2;
  return age <= 8 ? 4 : 8;
}

/** Pages that could not be merged for long are looked at less often (5e924ff54d08). */
function shouldSkipRmapItem(k: Machine, page: number, item: RmapItem): boolean {
  if (!k.patched.ksmSmartScan || PageKsm(k, page)) return false;
  const { age } = item;
  if (age < 255) item.age++;
  if (age < 3) return false;
  if (item.remainingSkips === 0) {
    item.remainingSkips = skipAge(age);
    return false;
  }
  item.remainingSkips--;
  removeRmapItemFromTree(k, item);
  return true;
}

/** Looks for a page equal to this one, and merges the two. @kernel mm/ksm.c cmp_and_merge_page v6.2 */
function* cmpAndMergePage(k: Machine, page: number, item: RmapItem, unstable: UnstableTree): Step<void> {
  if (PageKsm(k, page) && item.head !== 0 && item.head === pageOwner(k, page)) return;
  const kpage = stableTreeSearch(k, page);
  removeRmapItemFromTree(k, item);
  if (kpage !== 0) {
    if (yield* tryToMergeWithKsmPage(k, item, page, kpage)) {
      stableTreeAppend(item, StableNode.at(k, pageOwner(k, kpage)));
    }
    return;
  }
  // A page that changes all the time is not worth the trouble.
  const checksum = pageContent(k, page) + 1;
  if (item.oldchecksum !== checksum) {
    item.oldchecksum = checksum;
    return;
  }
  yield* searchUnstable(k, page, item, unstable);
}

/** The merged page of the same content, 0 if there is none. @kernel mm/ksm.c stable_tree_search v6.2 */
function stableTreeSearch(k: Machine, page: number): number {
  if (PageKsm(k, page)) return page;
  for (const node of stableNodes(k)) {
    if (stableNodeIsStale(k, node)) removeNodeFromStableTree(k, node);
    else if (pageContent(k, node.kpfn) === pageContent(k, page)) return node.kpfn;
  }
  return 0;
}

function* searchUnstable(k: Machine, page: number, item: RmapItem, unstable: UnstableTree): Step<void> {
  for (const [at, other] of unstable.entries()) {
    const vma = findMergeableVma(k, other);
    const treePage = vma === null ? 0 : yield* followPage(k, vma, other.address);
    if (treePage === 0 || !PageAnon(k, treePage) || treePage === page) continue;
    if (pageContent(k, treePage) !== pageContent(k, page)) continue;
    yield* folioGet(k, pageFolio(k, treePage));
    const merged = yield* tryToMergeTwoPages(k, item, page, other, treePage);
    // Two pages of one huge page, which was held twice and so not split.
    const sameFolio = folioTestLarge(k, pageFolio(k, page)) && pageFolio(k, page) === pageFolio(k, treePage);
    yield* folioPut(k, pageFolio(k, treePage));
    if (!merged) {
      if (sameFolio) yield* splitForNextScan(k, page);
      return;
    }
    unstable.splice(at, 1);
    const node = newStableNode(k, page);
    setPageMapping(k, page, node.at, PAGE_MAPPING_KSM);
    stableTreeAppend(other, node);
    stableTreeAppend(item, node);
    return;
  }
  unstable.push(item);
}

/** Makes the pages of a huge page single ones, to be merged in the scans to come. */
function* splitForNextScan(k: Machine, page: number): Step<void> {
  if (!(yield* folioTrylock(k, pageFolio(k, page)))) return;
  const split = (yield* splitHugePageToList(k, page)) === 0;
  folioUnlock(k, split ? page : pageFolio(k, page));
}

/** @kernel mm/ksm.c try_to_merge_two_pages v6.2 */
function* tryToMergeTwoPages(
  k: Machine,
  item: RmapItem,
  page: number,
  other: RmapItem,
  treePage: number,
): Step<boolean> {
  if (!(yield* tryToMergeWithKsmPage(k, item, page, 0))) return false;
  if (yield* tryToMergeWithKsmPage(k, other, treePage, page)) return true;
  // A merged page that nobody shares would only be in the way.
  const vma = findMergeableVma(k, item);
  if (vma !== null) yield* breakKsm(k, vma, item.address);
  return false;
}

/** @kernel mm/ksm.c try_to_merge_with_ksm_page v6.2 */
function* tryToMergeWithKsmPage(k: Machine, item: RmapItem, page: number, kpage: number): Step<boolean> {
  const vma = findMergeableVma(k, item);
  if (vma === null || !(yield* tryToMergeOnePage(k, vma, page, kpage))) return false;
  holdAnonVma(k, item, vma.anonVma);
  return true;
}

/** @kernel mm/ksm.c find_mergeable_vma v6.2 */
function findMergeableVma(k: Machine, item: RmapItem): Vma | null {
  const vma = vmaLookup(k, Mm.at(k, item.mm), item.address);
  return vma !== null && (vma.vmFlags & VM_MERGEABLE) !== 0 && vma.anonVma !== 0 ? vma : null;
}
