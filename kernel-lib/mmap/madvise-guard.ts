import { EINVAL } from '../base/errno.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pteNone, ptePresent } from '../pgtable/pte.js';
import { pmdAddrEnd, pteAlloc, pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_GUARD, makePteMarker, pteMarkerGet, pteToSwpEntry } from '../swap/entry.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { Mm } from '../vma/mm.js';
import { VM_HUGETLB, VM_LOCKED, VM_MAYBE_GUARD, VM_SPECIAL } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { walkPageRange } from './walk-page-range.js';

/**
 * Drops the pages and makes every access a SIGSEGV, without a VMA of its own. Since 662df3e5c376.
 *
 * MODEL: madvise_guard_install(), which gives up after some attempts and has the system call start anew.
 */
export function* madviseGuardInstall(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!k.patched.guardRegions || (vma.vmFlags & (VM_SPECIAL | VM_HUGETLB | VM_LOCKED)) !== 0) return -EINVAL;
  // Without an anon_vma fork would not copy the page tables.
  anonVmaPrepare(k, vma);
  vma.vmFlags |= VM_MAYBE_GUARD;
  // Others may fault pages in behind the zap: only an entry that was none can become a guard.
  while (!(yield* markGuards(k, vma, start, end))) yield* zapPageRangeSingle(k, vma, start, end);
  return 0;
}

/** Makes guards of all entries that are none; whether every entry is a guard now. */
function* markGuards(k: Machine, vma: Vma, start: number, end: number): Step<boolean> {
  const { pgd } = Mm.at(k, vma.vmMm);
  let all = true;
  for (let at = start; at < end;) {
    const next = pmdAddrEnd(k, at, end);
    // A huge page goes with the zap.
    if (mapsHugePage(k, vma, at) || !(yield* markTable(k, pteAlloc(k, pgd, at), at, next))) all = false;
    at = next;
  }
  return all;
}

function* markTable(k: Machine, table: number, start: number, end: number): Step<boolean> {
  let all = true;
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    const pte = yield* ptepGet(k, ptep);
    if (pteNone(k, pte)) yield* setPteAt(k, ptep, makePteMarker(k, PTE_MARKER_GUARD));
    else if (!isGuard(k, pte)) all = false;
  }
  ptlUnlock(k, table);
  return all;
}

function isGuard(k: Machine, pte: Pte): boolean {
  if (pteNone(k, pte) || ptePresent(k, pte)) return false;
  return (pteMarkerGet(k, pteToSwpEntry(k, pte)) & PTE_MARKER_GUARD) !== 0;
}

/** Takes guards away; the VMA goes on saying that it may have some. */
export function* madviseGuardRemove(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!k.patched.guardRegions || (vma.vmFlags & (VM_SPECIAL | VM_HUGETLB)) !== 0) return -EINVAL;
  yield* walkPageRange(k, vma, start, end, removeGuards, undefined);
  return 0;
}

function* removeGuards(k: Machine, _vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    if (isGuard(k, yield* ptepGet(k, ptep))) yield* setPteAt(k, ptep, k.pte.pteEmpty);
  }
  ptlUnlock(k, table);
}
