import { EBUSY, EFAULT, EPERM } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import { FAULT_FLAG_REMOTE, FAULT_FLAG_WRITE, VM_FAULT_ERROR } from '../fault/flags.js';
import { handleMmFault } from '../fault/handle.js';
import { migrationEntryWait, pmdMigrationEntryWait } from '../fault/migration-wait.js';
import { ZERO_PFN } from '../folio/frame.js';
import { type HugePteAt, hugePtepGet } from '../huge/hugetlb-pte.js';
import { __pudTransHugeLock } from '../huge/pud-lock.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, hugeAddress, pmdPte } from '../pgtable/pmd.js';
import { type Pte, ptePfn, ptePresent, pteProtnone, pteWrite } from '../pgtable/pte.js';
import { type Pud, pudAddress, pudPfn, pudSame, pudpGet } from '../pgtable/pud.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { isMigrationEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { isPmdMigrationEntry } from '../swap/migration-entry.js';
import {
  isDeviceExclusiveEntry,
  isDevicePrivateEntry,
  isWritableDevicePrivateEntry,
  swpOffsetPfn,
} from '../swap/pfn-entry.js';
import { pteNoneMostly } from '../swap/special-pte.js';
import type { Mm } from '../vma/mm.js';
import { VM_IO, VM_PFNMAP, VM_READ, VM_WRITE } from '../vma/vm-flags.js';
import { type MmWalk, type MmWalkOps, walkPageRange } from './pagewalk.js';

/** What a device learns of a page, and with the first two what it asks for. @kernel include/linux/hmm.h HMM_PFN_VALID v6.2 */
export const HMM_PFN_VALID = 1 << 0;
export const HMM_PFN_WRITE = 1 << 1;
export const HMM_PFN_ERROR = 1 << 2;
export const HMM_PFN_REQ_FAULT = HMM_PFN_VALID;
export const HMM_PFN_REQ_WRITE = HMM_PFN_WRITE;

/** One page as a device sees it. MODEL: the kernel packs both into one word. */
export interface HmmPfn {
  readonly pfn: number;
  /** HMM_PFN_…. */
  readonly flags: number;
}

/** What a device wants to know. @kernel include/linux/hmm.h hmm_range v6.2 @differs one request for all pages */
export interface HmmRange {
  readonly start: number;
  readonly end: number;
  /** HMM_PFN_REQ_… */
  readonly defaultFlags: number;
  /** Whether the device asks that has the device-private memory; absent: another one does. */
  readonly ownsPrivate?: boolean;
}

interface HmmVmaWalk {
  readonly range: HmmRange;
  readonly hmmPfns: HmmPfn[];
  /** Where to go on after a fault. */
  last: number;
}

const HMM_NEED_FAULT = 1 << 0;
const HMM_NEED_WRITE_FAULT = 1 << 1;
/** MODEL: faults beyond one for each page, after which a range is taken to make no progress. */
const MANY_FAULTS = 1000;
const NO_PFN: HmmPfn = { pfn: 0, flags: 0 };

/**
 * Mirrors a part of an address space for a device, which has page tables of its own; faults in what is asked for.
 * The caller holds mmap_lock.
 *
 * @kernel mm/hmm.c hmm_range_fault v6.2
 * @differs no notifier sequence: the caller repeats it when something changed
 * @returns one entry for each page, or a negative error number
 */
export function* hmmRangeFault(k: Machine, mm: Mm, range: HmmRange): Step<HmmPfn[] | number> {
  const walk: HmmVmaWalk = { range, hmmPfns: [], last: range.start };
  const most = (range.end - range.start) / k.pageSize + MANY_FAULTS;
  for (let faults = 0; ; faults++) {
    vmBugOn(faults > most, 'hmm_range_fault() faults for ever: every fault is answered, none helps');
    const ret = yield* walkPageRange(k, mm, walk.last, range.end, hmmWalkOps, walk);
    if (ret === 0) return walk.hmmPfns;
    if (ret !== -EBUSY) return ret;
  }
}

const hmmWalkOps: MmWalkOps<HmmVmaWalk> = {
  pudEntry: hmmVmaWalkPud,
  pmdEntry: hmmVmaWalkPmd,
  leaf: hmmVmaHandlePmd,
  lockless: true,
  hugetlbEntry: hmmVmaWalkHugetlbEntry,
  pteHole: hmmVmaWalkHole,
  testWalk: hmmVmaWalkTest,
};

function hmmPfnsFill(k: Machine, walk: HmmVmaWalk, start: number, end: number, flags: number): void {
  for (let at = start; at < end; at += k.pageSize) note(k, walk, at, { pfn: 0, flags });
}

function note(k: Machine, { range, hmmPfns }: HmmVmaWalk, address: number, hmmPfn: HmmPfn): void {
  hmmPfns[(address - range.start) / k.pageSize] = hmmPfn;
}

/** Faults pages in; the walk begins anew behind them. @kernel mm/hmm.c hmm_vma_fault v6.2 */
function* hmmVmaFault(
  k: Machine,
  { vma, private: walk }: MmWalk<HmmVmaWalk>,
  start: number,
  end: number,
  requiredFault: number,
): Step<number> {
  walk.last = start;
  const write = (requiredFault & HMM_NEED_WRITE_FAULT) !== 0;
  if (write && (vma!.vmFlags & VM_WRITE) === 0) return -EPERM;
  const flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
  for (let at = start; at < end; at += k.pageSize) {
    if (((yield* handleMmFault(k, vma!, at, flags)) & VM_FAULT_ERROR) !== 0) return -EFAULT;
  }
  return -EBUSY;
}

/** @kernel mm/hmm.c hmm_pte_need_fault v6.2 @returns HMM_NEED_… */
function hmmPteNeedFault({ range }: HmmVmaWalk, cpuFlags: number): number {
  if ((range.defaultFlags & HMM_PFN_REQ_FAULT) === 0) return 0;
  const wantsWrite = (range.defaultFlags & HMM_PFN_REQ_WRITE) !== 0;
  if (wantsWrite && (cpuFlags & HMM_PFN_WRITE) === 0) return HMM_NEED_FAULT | HMM_NEED_WRITE_FAULT;
  return (cpuFlags & HMM_PFN_VALID) === 0 ? HMM_NEED_FAULT : 0;
}

/** @kernel mm/hmm.c hmm_vma_walk_hole v6.2 */
function* hmmVmaWalkHole(k: Machine, walk: MmWalk<HmmVmaWalk>, start: number, end: number): Step<number> {
  const requiredFault = hmmPteNeedFault(walk.private, 0);
  if (requiredFault !== 0) {
    return walk.vma === null ? -EFAULT : yield* hmmVmaFault(k, walk, start, end, requiredFault);
  }
  hmmPfnsFill(k, walk.private, start, end, walk.vma === null ? HMM_PFN_ERROR : 0);
  return 0;
}

/** A leaf is read under its table's lock, and left whole. @kernel mm/hmm.c hmm_vma_walk_pud v6.2 */
function* hmmVmaWalkPud(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  seen: Pud,
  pudp: number,
  start: number,
  end: number,
): Step<number> {
  const at = yield* __pudTransHugeLock(k, walk.vma!, start);
  if (at === null) return 0;
  const pud = yield* pudpGet(k, pudp);
  ptlUnlock(k, at.table);
  const again = k.patched.pagewalkPassesPud && !pudSame(pud, seen);
  walk.action = again ? 'ACTION_AGAIN' : 'ACTION_CONTINUE';
  return again ? 0 : yield* hmmVmaHandlePud(k, walk, pud, start, end);
}

function* hmmVmaHandlePud(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  pud: Pud,
  start: number,
  end: number,
): Step<number> {
  const flags = pteToHmmPfnFlags(k, pud);
  const requiredFault = hmmPteNeedFault(walk.private, flags);
  if (requiredFault !== 0) return yield* hmmVmaFault(k, walk, start, end, requiredFault);
  const haddr = pudAddress(k, start);
  for (let at = start; at < end; at += k.pageSize) {
    note(k, walk.private, at, { pfn: pudPfn(k, pud) + (at - haddr) / k.pageSize, flags });
  }
  return 0;
}

/** A table's entries are read without its lock: who changes one tells the device. @kernel mm/hmm.c hmm_vma_walk_pmd v6.2 */
function* hmmVmaWalkPmd(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  table: number,
  start: number,
  end: number,
): Step<number> {
  for (let at = start; at < end; at += k.pageSize) {
    const ret = yield* hmmVmaHandlePte(k, walk, table, at);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** @kernel mm/hmm.c hmm_vma_handle_pmd v6.2 @differs devices are not told the size */
function* hmmVmaHandlePmd(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  pmd: Pmd,
  start: number,
  end: number,
): Step<number> {
  if (!isPmdMigrationEntry(k, pmd)) return yield* handleHuge(k, walk, pmdPte(k, pmd), start, end);
  return yield* moving(k, walk, start, end, hmmPteNeedFault(walk.private, 0));
}

/** @param pte what maps the huge page, seen as a PTE */
function* handleHuge(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  pte: Pte,
  start: number,
  end: number,
): Step<number> {
  const flags = pteToHmmPfnFlags(k, pte);
  const requiredFault = hmmPteNeedFault(walk.private, flags);
  if (requiredFault !== 0) return yield* hmmVmaFault(k, walk, start, end, requiredFault);
  const haddr = hugeAddress(k, start);
  for (let at = start; at < end; at += k.pageSize) {
    note(k, walk.private, at, { pfn: ptePfn(k, pte) + (at - haddr) / k.pageSize, flags });
  }
  return 0;
}

/** @kernel mm/hmm.c hmm_vma_walk_hugetlb_entry v6.2 @differs devices are not told the size */
function* hmmVmaWalkHugetlbEntry(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  { table, ptep }: HugePteAt,
  start: number,
  end: number,
): Step<number> {
  yield* ptlLock(k, table);
  const entry = yield* hugePtepGet(k, ptep);
  ptlUnlock(k, table);
  // What is not present, a marker too, asks for a fault like any leaf that a device may not use.
  if (ptePresent(k, entry)) return yield* handleHuge(k, walk, entry, start, end);
  const requiredFault = hmmPteNeedFault(walk.private, 0);
  if (requiredFault !== 0) return yield* hmmVmaFault(k, walk, start, end, requiredFault);
  hmmPfnsFill(k, walk.private, start, end, 0);
  return 0;
}

/** A huge page that is moving: to be waited for, if the device wants it now. */
function* moving(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  start: number,
  end: number,
  requiredFault: number,
): Step<number> {
  if (requiredFault === 0) {
    hmmPfnsFill(k, walk.private, start, end, 0);
    return 0;
  }
  walk.private.last = start;
  yield* pmdMigrationEntryWait(k, walk.vma!, start);
  return -EBUSY;
}

/** @kernel mm/hmm.c hmm_vma_handle_pte v6.2 */
function* hmmVmaHandlePte(
  k: Machine,
  walk: MmWalk<HmmVmaWalk>,
  table: number,
  address: number,
): Step<number> {
  const ptep = pteOffset(k, table, address);
  const pte = yield* ptepGet(k, ptep);
  const own = ownDevicePage(k, walk.private, pte);
  if (own !== undefined) {
    note(k, walk.private, address, own);
    return 0;
  }
  const cpuFlags = pteToHmmPfnFlags(k, pte);
  const requiredFault = hmmPteNeedFault(walk.private, cpuFlags);
  if (!pteNoneMostly(k, pte) && !ptePresent(k, pte) && requiredFault !== 0) {
    const refused = yield* refuse(k, walk.private, table, ptep, pte, address);
    if (refused !== 0) return refused;
  }
  if (requiredFault !== 0) return yield* hmmVmaFault(k, walk, address, address + k.pageSize, requiredFault);
  note(k, walk.private, address, ptePresent(k, pte) ? presentPfn(k, pte, cpuFlags) : NO_PFN);
  return 0;
}

/** A page in memory of the very device that asks: nothing is faulted in, it is told where the page is. */
function ownDevicePage(k: Machine, { range }: HmmVmaWalk, pte: Pte): HmmPfn | undefined {
  if (range.ownsPrivate !== true || pteNoneMostly(k, pte) || ptePresent(k, pte)) return undefined;
  const entry = pteToSwpEntry(k, pte);
  if (!isDevicePrivateEntry(k, entry)) return undefined;
  const write = isWritableDevicePrivateEntry(k, entry) ? HMM_PFN_WRITE : 0;
  return { pfn: swpOffsetPfn(entry), flags: HMM_PFN_VALID | write };
}

/** Whether a fault cannot bring what an entry that is not present stands for. @returns 0 or a negative error number */
function* refuse(
  k: Machine,
  walk: HmmVmaWalk,
  table: number,
  ptep: number,
  pte: Pte,
  address: number,
): Step<number> {
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) return 0;
  if (isDevicePrivateEntry(k, entry) || isDeviceExclusiveEntry(k, entry)) return 0;
  if (!isMigrationEntry(k, entry)) return -EFAULT;
  walk.last = address;
  yield* migrationEntryWait(k, table, ptep);
  return -EBUSY;
}

function presentPfn(k: Machine, pte: Pte, flags: number): HmmPfn {
  const pfn = ptePfn(k, pte);
  const known = vmNormalPage(k, pte) !== 0 || pfn === ZERO_PFN;
  return known ? { pfn, flags } : { pfn: 0, flags: HMM_PFN_ERROR };
}

/** @kernel mm/hmm.c pte_to_hmm_pfn_flags v6.2 */
function pteToHmmPfnFlags(k: Machine, pte: Pte): number {
  if (!ptePresent(k, pte) || pteProtnone(k, pte)) return 0;
  return pteWrite(k, pte) ? HMM_PFN_VALID | HMM_PFN_WRITE : HMM_PFN_VALID;
}

/** @kernel mm/hmm.c hmm_vma_walk_test v6.2 */
function hmmVmaWalkTest(k: Machine, walk: MmWalk<HmmVmaWalk>, start: number, end: number): number {
  const { vmFlags } = walk.vma!;
  if ((vmFlags & (VM_IO | VM_PFNMAP)) === 0 && (vmFlags & VM_READ) !== 0) return 0;
  if (hmmPteNeedFault(walk.private, 0) !== 0) return -EFAULT;
  hmmPfnsFill(k, walk.private, start, end, HMM_PFN_ERROR);
  return 1;
}
