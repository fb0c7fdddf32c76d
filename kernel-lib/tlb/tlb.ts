import type { Machine } from '../machine/machine.js';
import { type Pte, mmuAllows, mmuNoted, pteAdvancePfn, ptePfn, ptePresent, pteSame } from '../pgtable/pte.js';
import {
  hugeAddress,
  pmdOffset,
  pmdTable,
  pmdTransHuge,
  pmdpHugeGetAndClear,
  pmdpTestAndClearYoung,
  readPmd,
  type Pmd,
  hpagePmdSize,
  pmdPte,
  ptePmd,
} from '../pgtable/pmd.js';
import {
  type Pud,
  hpagePudSize,
  pudAddress,
  pudAt,
  pudLeaf,
  pudOffset,
  pudTable,
  pudpHugeGetAndClear,
} from '../pgtable/pud.js';
import { pteOffset, pteTable, ptepGetAndClear, ptepTestAndClearYoung, readPte } from '../pgtable/table.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { untilInterruptible } from './irqs.js';

/**
 * Each CPU caches translations of the address space that it runs. It does not see that an entry has changed before
 * its own copy is flushed: until then it loads and stores where the entry used to lead.
 *
 * MODEL: one word for the address space, then entries, direct-mapped by page number: valid, page number (two words),
 * the page-table entry as it was read (two words). A machine booted without TLBs reads the entry for every access.
 */
const LOADED_MM = 0;
const ENTRIES = 1;
const VALID = 0;
const VPN = 1;
const PTE = 3;
const ENTRY_WORDS = 5;

/** Words that one CPU's TLB takes. */
export function tlbWords(nrEntries: number): number {
  return ENTRIES + nrEntries * ENTRY_WORDS;
}

/** Whether the machine's CPUs have TLBs. */
export function hasTlbs(k: Machine): boolean {
  return k.nrTlbEntries > 0;
}

function tlbOf(k: Machine, cpu: number): number {
  return k.tlbs + cpu * tlbWords(k.nrTlbEntries);
}

function slotOf(k: Machine, cpu: number, vpn: number): number {
  return tlbOf(k, cpu) + ENTRIES + (vpn % k.nrTlbEntries) * ENTRY_WORDS;
}

function holds(k: Machine, slot: number, vpn: number): boolean {
  return (
    ld(k.slab, slot + VALID) === 1 &&
    ld(k.slab, slot + VPN) === (vpn | 0) &&
    ld(k.slab, slot + VPN + 1) === Math.floor(vpn / 0x1_0000_0000)
  );
}

/**
 * The running CPU turns to an address space and forgets what it knew of another. Nobody else writes this word, so
 * nobody can come between.
 *
 * @kernel arch/x86/mm/tlb.c switch_mm_irqs_off v6.2
 * @differs without PCIDs, the switch flushes everything
 */
function switchMmIrqsOff(k: Machine, mm: number): void {
  const tlb = tlbOf(k, k.cpu);
  if (ld(k.slab, tlb + LOADED_MM) === mm) return;
  for (let i = 0; i < k.nrTlbEntries; i++) st(k.slab, tlb + ENTRIES + i * ENTRY_WORDS + VALID, 0);
  st(k.slab, tlb + LOADED_MM, mm);
}

/** What a CPU has cached, for an onlooker: page numbers and entries as they were read. */
export function cachedTranslations(k: Machine, cpu: number): { readonly vpn: number; readonly pte: Pte }[] {
  const first = tlbOf(k, cpu) + ENTRIES;
  return Array.from({ length: k.nrTlbEntries }, (_, i) => first + i * ENTRY_WORDS)
    .filter((slot) => ld(k.slab, slot + VALID) === 1)
    .map((slot) => ({
      vpn: ld(k.slab, slot + VPN + 1) * 0x1_0000_0000 + (ld(k.slab, slot + VPN) >>> 0),
      pte: { lo: ld(k.slab, slot + PTE), hi: ld(k.slab, slot + PTE + 1) },
    }));
}

/** What a CPU has to know of an address space: its slab address and topmost table. */
export interface AddressSpaceRoot {
  readonly at: number;
  readonly pgd: number;
}

/** In place of a frame: the access faults. */
export const NO_FRAME = -1;
/** In place of a frame: the tables were walked just now, and the TLB has learnt the entry. */
export const WALKED = -2;

/**
 * What the MMU of a CPU without TLB does: it walks the tables, in one step.
 *
 * @returns the frame that is accessed, or NO_FRAME
 */
export function* walkTables(k: Machine, mm: AddressSpaceRoot, address: number, write: boolean): Step<number> {
  yield;
  return tableWalk(k, mm.pgd, address, write);
}

/**
 * What the MMU of a CPU with a TLB does: looks into that and, where that has nothing that allows the access, walks the
 * tables. One step, because nobody else puts entries into this TLB: a miss is still one when the walk begins.
 *
 * @returns the frame that is accessed, NO_FRAME or WALKED
 */
export function* translate(k: Machine, mm: AddressSpaceRoot, address: number, write: boolean): Step<number> {
  yield;
  switchMmIrqsOff(k, mm.at);
  const cached = tlbLookup(k, address, write);
  if (cached !== NO_FRAME) return cached;
  return tableWalk(k, mm.pgd, address, write) === NO_FRAME ? NO_FRAME : WALKED;
}

/**
 * What the running CPU has cached for an access. A store goes through a cached entry only if nothing is left to note
 * about it: who notes stores reads the entry again, so that a clean copy cannot dirty a page that was unmapped meanwhile.
 */
function tlbLookup(k: Machine, address: number, write: boolean): number {
  const vpn = Math.floor(address / k.pageSize);
  const slot = slotOf(k, k.cpu, vpn);
  if (!holds(k, slot, vpn)) return NO_FRAME;
  const pte = { lo: ld(k.slab, slot + PTE), hi: ld(k.slab, slot + PTE + 1) };
  const usable = !write || (pteSame(mmuNoted(k, pte, write), pte) && mmuAllows(k, pte, write));
  return usable ? ptePfn(k, pte) : NO_FRAME;
}

/** Notes the access in the entry, which a TLB learns then; the frame of the page, or NO_FRAME. */
function tableWalk(k: Machine, pgd: number, address: number, write: boolean): number {
  const table = pteTable(k, pgd, address);
  if (table === 0) return leafWalk(k, pgd, address, write);
  const ptep = pteOffset(k, table, address);
  return noteAccess(k, ptep, write) ? reached(k, address, readPte(k, ptep)) : NO_FRAME;
}

/** The same with a leaf above the lowest level: a TLB learns the entry that would map this one page. */
function leafWalk(k: Machine, pgd: number, address: number, write: boolean): number {
  if (k.pte.huge === undefined) return NO_FRAME;
  if (pudLeaf(pudAt(k, pgd, address))) return pudWalk(k, pgd, address, write);
  const table = pmdTable(k, pgd, address);
  const pmdp = table === 0 ? 0 : pmdOffset(k, table, address);
  // Without the table, with none or with a split under way there is nothing to follow.
  if (pmdp === 0 || !pmdTransHuge(k, readPmd(k, pmdp))) return NO_FRAME;
  if (!noteLeafAccess(k, pmdp, write)) return NO_FRAME;
  const first = pmdPte(k, readPmd(k, pmdp));
  return reached(k, address, pteAdvancePfn(k, first, nrPagesBetween(k, hugeAddress(k, address), address)));
}

function pudWalk(k: Machine, pgd: number, address: number, write: boolean): number {
  const pudp = pudOffset(k, pudTable(k, pgd, address), address);
  if (!noteAccess(k, pudp, write)) return NO_FRAME;
  const first = readPte(k, pudp);
  return reached(k, address, pteAdvancePfn(k, first, nrPagesBetween(k, pudAddress(k, address), address)));
}

function nrPagesBetween(k: Machine, start: number, address: number): number {
  return Math.floor((address - start) / k.pageSize);
}

/** Notes an access in the entry that allows it, as the architecture's walker or its exception handlers do. */
function noteAccess(k: Machine, ptep: number, write: boolean): boolean {
  const pte = readPte(k, ptep);
  const noted = mmuNoted(k, pte, write);
  const allowed = mmuAllows(k, noted, write);
  if (allowed && !pteSame(noted, pte)) store(k, ptep, noted);
  return allowed;
}

/** The same in a leaf, seen as a PTE. */
function noteLeafAccess(k: Machine, pmdp: number, write: boolean): boolean {
  const pte = pmdPte(k, readPmd(k, pmdp));
  const noted = mmuNoted(k, pte, write);
  const allowed = mmuAllows(k, noted, write);
  if (allowed && !pteSame(noted, pte)) store(k, pmdp, ptePmd(k, noted));
  return allowed;
}

function store(k: Machine, entry: number, { lo, hi }: Pte): void {
  st(k.ptes, entry, lo);
  st(k.ptes, entry + 1, hi);
}

/** The frame that an entry leads to, which the CPU remembers if it has a TLB. */
function reached(k: Machine, address: number, pte: Pte): number {
  if (hasTlbs(k)) remember(k, Math.floor(address / k.pageSize), pte);
  return ptePfn(k, pte);
}

function remember(k: Machine, vpn: number, pte: Pte): void {
  const slot = slotOf(k, k.cpu, vpn);
  st(k.slab, slot + VALID, 1);
  st(k.slab, slot + VPN, vpn);
  st(k.slab, slot + VPN + 1, Math.floor(vpn / 0x1_0000_0000));
  st(k.slab, slot + PTE, pte.lo);
  st(k.slab, slot + PTE + 1, pte.hi);
}

/**
 * Makes every CPU that runs the address space forget a range; returns when the last has done so.
 *
 * @kernel arch/x86/mm/tlb.c flush_tlb_mm_range v6.2
 * @param mm slab address of the Mm
 * @param stride bytes that one translation of the range spans
 */
export function* flushTlbMmRange(
  k: Machine,
  mm: number,
  start: number,
  end: number,
  stride = k.pageSize,
): Step<void> {
  if (k.debugTlbflush && k.current?.mm === mm) countLocalFlush(k, (end - start) / stride);
  if (!hasTlbs(k)) return;
  for (const cpu of yield* mmCpumask(k, mm)) yield* flushTlbFunc(k, cpu, mm, start, end);
}

/** Translations up to which x86 flushes a range one by one: tlb_single_page_flush_ceiling. */
const TLB_SINGLE_PAGE_FLUSH_CEILING = 33;

/**
 * CONFIG_DEBUG_TLBFLUSH, which only x86 has: what the CPU that asks for a flush has to forget itself.
 *
 * MODEL: counted by the same rule on every architecture.
 */
function countLocalFlush(k: Machine, nrTranslations: number): void {
  if (nrTranslations > TLB_SINGLE_PAGE_FLUSH_CEILING) k.count('nr_tlb_local_flush_all');
  else k.count('nr_tlb_local_flush_one', nrTranslations);
}

/** The CPUs that run an address space. @kernel include/linux/mm_types.h mm_cpumask v6.2 */
function* mmCpumask(k: Machine, mm: number): Step<number[]> {
  yield;
  const cpus: number[] = [];
  for (let cpu = 0; cpu < k.nrCpus; cpu++) if (ld(k.slab, tlbOf(k, cpu) + LOADED_MM) === mm) cpus.push(cpu);
  return cpus;
}

/** One CPU's part of a flush. @kernel arch/x86/mm/tlb.c flush_tlb_func v6.2 */
function* flushTlbFunc(k: Machine, cpu: number, mm: number, start: number, end: number): Step<void> {
  yield* untilInterruptible(k, cpu);
  if (ld(k.slab, tlbOf(k, cpu) + LOADED_MM) !== mm) return;
  if ((end - start) / k.pageSize > k.nrTlbEntries) return forgetAmong(k, cpu, start, end);
  for (let address = start; address < end; address += k.pageSize) {
    const vpn = Math.floor(address / k.pageSize);
    const slot = slotOf(k, cpu, vpn);
    if (holds(k, slot, vpn)) st(k.slab, slot + VALID, 0);
  }
}

/** The same by looking at what is cached, where that is less than the range has pages. */
function forgetAmong(k: Machine, cpu: number, start: number, end: number): void {
  for (let i = 0; i < k.nrTlbEntries; i++) {
    const slot = tlbOf(k, cpu) + ENTRIES + i * ENTRY_WORDS;
    const vpn = ld(k.slab, slot + VPN + 1) * 0x1_0000_0000 + (ld(k.slab, slot + VPN) >>> 0);
    const address = vpn * k.pageSize;
    if (address >= start && address < end) st(k.slab, slot + VALID, 0);
  }
}

/** @kernel arch/x86/include/asm/tlbflush.h flush_tlb_page v6.2 */
export function* flushTlbPage(k: Machine, mm: number, address: number): Step<void> {
  yield* flushTlbMmRange(k, mm, address, address + k.pageSize);
}

/**
 * Takes an entry's value and leaves none, and returns when no CPU uses it any longer.
 *
 * @kernel mm/pgtable-generic.c ptep_clear_flush v6.2
 */
export function* ptepClearFlush(k: Machine, mm: number, address: number, ptep: number): Step<Pte> {
  const pte = yield* ptepGetAndClear(k, ptep);
  if (ptePresent(k, pte)) yield* flushTlbPage(k, mm, address);
  return pte;
}

/**
 * Makes an entry old, and what CPUs hold of it goes, unless the architecture finds that not worth its price: a CPU that
 * goes on using its translation does not make the entry young again.
 *
 * @kernel mm/pgtable-generic.c ptep_clear_flush_young v6.2
 * @returns whether it was young
 */
export function* ptepClearFlushYoung(k: Machine, mm: number, address: number, ptep: number): Step<boolean> {
  if (!(yield* ptepTestAndClearYoung(k, ptep))) return false;
  if (k.pte.arch.clearsYoungUnflushed === undefined) yield* flushTlbPage(k, mm, address);
  return true;
}

/**
 * Takes an entry's value and leaves none. The caller flushes the TLBs, except on s390, where one instruction clears
 * the entry and makes every CPU forget it.
 *
 * @kernel include/linux/pgtable.h ptep_get_and_clear_full v6.2
 */
export function* ptepGetAndClearFull(k: Machine, mm: number, address: number, ptep: number): Step<Pte> {
  const pte = yield* ptepGetAndClear(k, ptep);
  if (hasTlbs(k) && k.mmuGather === 'none') everyCpuForgets(k, mm, address);
  return pte;
}

/** In the same step as the entry: the invalidate instruction does both. */
function everyCpuForgets(k: Machine, mm: number, address: number): void {
  const vpn = Math.floor(address / k.pageSize);
  for (let cpu = 0; cpu < k.nrCpus; cpu++) {
    const slot = slotOf(k, cpu, vpn);
    if (ld(k.slab, tlbOf(k, cpu) + LOADED_MM) === mm && holds(k, slot, vpn)) st(k.slab, slot + VALID, 0);
  }
}

/** Makes every CPU forget what a leaf spans. @kernel include/linux/pgtable.h flush_pmd_tlb_range v6.2 */
export function* flushPmdTlbRange(k: Machine, mm: number, haddr: number): Step<void> {
  yield* flushTlbMmRange(k, mm, haddr, haddr + hpagePmdSize(k), hpagePmdSize(k));
}

/** Takes a leaf and leaves none, and returns when no CPU uses it any longer. @kernel mm/pgtable-generic.c pmdp_huge_clear_flush v6.2 */
export function* pmdpHugeClearFlush(k: Machine, mm: number, haddr: number, pmdp: number): Step<Pmd> {
  const pmd = yield* pmdpHugeGetAndClear(k, pmdp);
  yield* flushPmdTlbRange(k, mm, haddr);
  return pmd;
}

/**
 * The same as ptepClearFlushYoung() for a leaf.
 *
 * @kernel mm/pgtable-generic.c pmdp_clear_flush_young v6.2
 */
export function* pmdpClearFlushYoung(k: Machine, mm: number, haddr: number, pmdp: number): Step<boolean> {
  if (!(yield* pmdpTestAndClearYoung(k, pmdp))) return false;
  if (k.pte.arch.clearsYoungUnflushed !== 'pte and pmd') yield* flushPmdTlbRange(k, mm, haddr);
  return true;
}

/** Makes every CPU forget what a leaf two levels up spans. @kernel include/linux/pgtable.h flush_pud_tlb_range v6.2 */
export function* flushPudTlbRange(k: Machine, mm: number, haddr: number): Step<void> {
  yield* flushTlbMmRange(k, mm, haddr, haddr + hpagePudSize(k), hpagePudSize(k));
}

/** Takes that leaf and leaves none, and returns when no CPU uses it any longer. @kernel mm/pgtable-generic.c pudp_huge_clear_flush v6.2 */
export function* pudpHugeClearFlush(k: Machine, mm: number, haddr: number, pudp: number): Step<Pud> {
  const pud = yield* pudpHugeGetAndClear(k, pudp);
  yield* flushPudTlbRange(k, mm, haddr);
  return pud;
}
