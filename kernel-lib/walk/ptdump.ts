import type { Machine } from '../machine/machine.js';
import { type Pmd, pmdTransHuge } from '../pgtable/pmd.js';
import { type Pud, pudLeaf, pudpGet } from '../pgtable/pud.js';
import type { Pte } from '../pgtable/pte.js';
import { ptepGet } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { walkPageRangeNovma } from './pagewalk-novma.js';
import type { MmWalk, MmWalkOps } from './pagewalk.js';

/** One entry or hole of a page table as it stands, whoever it belongs to. */
export interface PtdumpNote {
  readonly address: number;
  /** 4 for a PTE, 3 for a leaf that maps a huge page, 2 for one that maps a device’s GiB; of a hole, that of the entry that is none, 0 for the root. */
  readonly level: number;
  /** The bits of the entry, 0 for a hole. */
  readonly value: bigint;
}

interface PtdumpState {
  readonly notes: PtdumpNote[];
}

/** Level of a PTE. */
const PTE_LEVEL = 4;

/**
 * Lists the raw page tables of an address range.
 *
 * @kernel mm/ptdump.c ptdump_walk_pgd v6.2
 * @differs any address space's tables; the kernel's own are not modelled
 */
export function* ptdumpWalkPgd(k: Machine, mm: Mm, start: number, end: number): Step<PtdumpNote[]> {
  const state: PtdumpState = { notes: [] };
  yield* mmapWriteLock(k, mm);
  yield* walkPageRangeNovma(k, mm, start, end, ptdumpOps, state);
  mmapWriteUnlock(k, mm);
  return state.notes;
}

const ptdumpOps: MmWalkOps<PtdumpState> = {
  pteEntry: ptdumpPteEntry,
  pudEntry: ptdumpPudEntry,
  leaf: ptdumpPmdEntry,
  pteHole: ptdumpHole,
};

/** @kernel mm/ptdump.c ptdump_pte_entry v6.2 */
function* ptdumpPteEntry(
  k: Machine,
  { private: { notes } }: MmWalk<PtdumpState>,
  ptep: number,
  address: number,
): Step<number> {
  notes.push({ address, level: PTE_LEVEL, value: rawValue(yield* ptepGet(k, ptep)) });
  return 0;
}

/** @kernel mm/ptdump.c ptdump_pmd_entry v6.2 */
function* ptdumpPmdEntry(
  k: Machine,
  { private: { notes } }: MmWalk<PtdumpState>,
  pmd: Pmd,
  start: number,
): Step<number> {
  if (pmdTransHuge(k, pmd)) notes.push({ address: start, level: PTE_LEVEL - 1, value: rawValue(pmd) });
  return 0;
}

/** @kernel mm/ptdump.c ptdump_pud_entry v6.2 */
function* ptdumpPudEntry(
  k: Machine,
  walk: MmWalk<PtdumpState>,
  seen: Pud,
  pudp: number,
  start: number,
): Step<number> {
  const pud = k.patched.pagewalkPassesPud ? seen : yield* pudpGet(k, pudp);
  if (!pudLeaf(pud)) return 0;
  walk.private.notes.push({ address: start, level: PTE_LEVEL - 2, value: rawValue(pud) });
  walk.action = 'ACTION_CONTINUE';
  return 0;
}

/** @kernel mm/ptdump.c ptdump_hole v6.2 */
function* ptdumpHole(
  _k: Machine,
  { private: { notes } }: MmWalk<PtdumpState>,
  start: number,
  _end: number,
  depth: number,
): Step<number> {
  notes.push({ address: start, level: depth, value: 0n });
  return 0;
}

function rawValue({ lo, hi }: Pte): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
