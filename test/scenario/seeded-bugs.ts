import type { ExploreOptions } from '../../kernel-lib/scenario/exploration.js';

/** One line of kernel code made wrong, and the race whose promise it breaks on a kernel that keeps it. */
export interface SeededBug {
  readonly race: string;
  /** What is wrong, for people. */
  readonly bug: string;
  /** Below kernel-lib/. */
  readonly file: string;
  /** The line, or a part of it that the file has once; what stands there instead. */
  readonly line: string;
  readonly instead: string;
}

/** For each race a kernel that keeps its promise. */
export const soundKernels: Readonly<Record<string, ExploreOptions>> = {
  'delayed-rmap': { release: 'v6.2', bound: { pages: 1, stores: 2 } },
  'delayed-rmap-refault': { release: 'v6.2' },
  'delayed-rmap-two-mappings': { release: 'v6.1' },
  'delayed-rmap-full-batch': { release: 'v6.2' },
  'delayed-rmap-no-gather': { release: 'v6.2' },
  'odirect-swapout': { release: 'v6.1', with: ['93c0eac40d4e'] },
  'swapin-bypass': { release: 'v6.1', with: ['13ddaf26be32'] },
  'gup-fast-fork': { release: 'v6.1' },
  'gup-fast-zap': { release: 'v6.1' },
  'gup-fast-collapse': { release: 'v6.1' },
  // The flush alone has to protect who reads without locks.
  'gup-fast-collapse-ipi': { release: 'v6.1', without: ['70cbc3cc78a9'] },
  'dirty-thp-split': { release: 'v6.1' },
  'dirty-thp-split-sparc': { release: 'v6.1' },
  'pmd-walk-mincore': { release: 'v6.1' },
  'pmd-walk-pagemap': { release: '6.5' },
  'pud-walk': { release: 'v6.1', with: ['3b89863c3fa4'] },
  'pud-walk-hmm': { release: 'v6.1', with: ['3b89863c3fa4'] },
  'pud-mprotect': { release: '6.12' },
  'pud-walk-clean-record': { release: 'v6.1', with: ['3b89863c3fa4'] },
  'pte-marker-clear': { release: 'v6.2' },
  'pae-torn-read': { release: 'v6.2' },
  'pae-torn-read-high-first': { release: 'v6.2' },
  'pae-torn-pte-lockless': { release: 'v6.2' },
  'pae-torn-pmd-read-atomic': { release: 'v6.2' },
  'pae-torn-pmd-read-atomic-table': { release: 'v6.1' },
  'migration-fault': { release: 'v6.2' },
  'migration-fork': { release: 'v6.2' },
  'migration-gup': { release: 'v6.2' },
};

type Bug = Omit<SeededBug, 'race'>;

const zap = 'zap/zap.ts';
const rmapTooEarly: Bug = {
  bug: 'the map count goes down before the flush',
  file: zap,
  line: 'const delayRmap = k.patched.delayRmap && dirty && tlbDelayRmap(k, zap.tlb);',
  instead: 'const delayRmap = false;',
};

const flushTooLate: Bug = {
  bug: 'the TLBs are flushed only after the table is unlocked',
  file: zap,
  line: 'yield* tlbFlushMmuTlbonly(k, tlb);',
  instead: '',
};

const noForcedFlush: Bug = {
  bug: 'a dirty page of a file forces no flush',
  file: zap,
  line: 'if (k.patched.delayRmap ? delayRmap : dirty) zap.forceFlush = true;',
  instead: '',
};

const noPvmwSync: Bug = {
  bug: 'the walk glances at the entry before it locks the table (no PVMW_SYNC)',
  file: 'rmap/walk.ts',
  line: `const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  if (checkPte(`,
  instead: `const ptep = pteOffset(k, table, address);
  if (!checkPte(k, yield* ptepGet(k, ptep), page, flags)) return null;
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  if (checkPte(`,
};

const staysWritable: Bug = {
  bug: 'writeback write-protects nothing',
  file: 'rmap/mkclean.ts',
  line: 'yield* setPteAt(k, ptep, pteMkclean(k, pteWrprotect(k, entry)));',
  instead: 'yield* setPteAt(k, ptep, pteMkclean(k, entry));',
};

const staysInTlbs: Bug = {
  bug: 'writeback flushes no TLB when it makes an entry clean',
  file: 'rmap/mkclean.ts',
  line: 'const entry = yield* ptepClearFlush(k, vma.vmMm, address, ptep);',
  instead: 'const entry = yield* ptepGet(k, ptep);',
};

const delayedRmap: readonly Bug[] = [
  rmapTooEarly,
  flushTooLate,
  noForcedFlush,
  noPvmwSync,
  staysWritable,
  staysInTlbs,
];

const delayedRmapRefault: readonly Bug[] = [
  staysInTlbs,
  noForcedFlush,
  rmapTooEarly,
  flushTooLate,
  noPvmwSync,
  staysWritable,
];

const delayedRmapTwoMappings: readonly Bug[] = [
  {
    bug: 'writeback walks the first mapping only',
    file: 'rmap/mkclean.ts',
    line: 'for (const place of rmapWalk(k, page)) {',
    instead: 'for (const place of rmapWalk(k, page).slice(0, 1)) {',
  },
  noPvmwSync,
  flushTooLate,
  staysWritable,
  staysInTlbs,
];

const delayedRmapFullBatch: readonly Bug[] = [
  {
    bug: 'the delayed map counts go down before the flush',
    file: zap,
    line: `yield* tlbFlushMmuTlbonly(k, tlb);
    if (k.patched.delayedRmapHidden || tlb.delayedRmap) yield* tlbFlushRmaps(k, tlb, zap.vma);`,
    instead: `if (k.patched.delayedRmapHidden || tlb.delayedRmap) yield* tlbFlushRmaps(k, tlb, zap.vma);
    yield* tlbFlushMmuTlbonly(k, tlb);`,
  },
  rmapTooEarly,
  flushTooLate,
  noPvmwSync,
  staysInTlbs,
];

const delayedRmapNoGather: readonly Bug[] = [
  {
    bug: 'who clears an entry leaves it in the TLBs',
    file: 'tlb/tlb.ts',
    line: "if (hasTlbs(k) && k.mmuGather === 'none') everyCpuForgets(k, mm, address);",
    instead: '',
  },
  {
    bug: 'who clears an entry makes only the first CPU forget it',
    file: 'tlb/tlb.ts',
    line: `for (let cpu = 0; cpu < k.nrCpus; cpu++) {
    const slot = slotOf(k, cpu, vpn);`,
    instead: `for (let cpu = 0; cpu < 1; cpu++) {
    const slot = slotOf(k, cpu, vpn);`,
  },
  staysInTlbs,
];

const odirectSwapout: readonly Bug[] = [
  {
    bug: 'the swap entry does not keep that the page was exclusive',
    file: 'reclaim/unmap.ts',
    line: 'if (exclusive) pte = pteSwpMkexclusive(k, pte);',
    instead: '',
  },
  {
    bug: 'the fault does not look at the marker',
    file: 'fault/swapin.ts',
    line: 'if (!pteSwpExclusive(k, pte)) return false;',
    instead: 'return false;',
  },
  {
    bug: 'the fault does not look again whether the entry is the one that it read',
    file: 'fault/swapin.ts',
    line: 'const raced = !pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);',
    instead: 'const raced = false;',
  },
];

const swapinBypass: readonly Bug[] = [
  {
    bug: 'the fault reads the slot although somebody else does',
    file: 'fault/swapin.ts',
    line: 'if ((yield* swapcachePrepare(k, entry)) !== 0) return yield* relax(k, entry);',
    instead: 'yield* swapcachePrepare(k, entry);',
  },
  {
    bug: 'the fault lets others read the slot before it has mapped the page',
    file: 'fault/swapin.ts',
    line: `const result = yield* swapIn(k, vmf, entry, cached, bypass);
  yield* swapcacheClear(k, entry);`,
    instead: `yield* swapcacheClear(k, entry);
  const result = yield* swapIn(k, vmf, entry, cached, bypass);`,
  },
  {
    bug: 'who wants to read the slot does not look whether somebody does',
    file: 'swap/area.ts',
    line: 'if ((map & SWAP_HAS_CACHE) !== 0) return -EEXIST;',
    instead: '',
  },
  {
    bug: 'who reads the slot does not say so',
    file: 'swap/area.ts',
    line: 'st(k.swapSlots, at(entry, MAP), map | SWAP_HAS_CACHE);',
    instead: '',
  },
];

const pmdWalk: readonly Bug[] = [
  {
    bug: 'behind the lock the walk asks only whether there is a leaf',
    file: 'walk/walk-pmd.ts',
    line: 'return pmdNone(k, pmd) || pmdIsHuge(k, pmd);',
    instead: 'return pmdIsHuge(k, pmd);',
  },
  {
    bug: 'behind the lock the walk asks only whether there is no entry',
    file: 'walk/walk-pmd.ts',
    line: 'return pmdNone(k, pmd) || pmdIsHuge(k, pmd);',
    instead: 'return pmdNone(k, pmd);',
  },
];
const pmdWalkMincore: readonly Bug[] = [
  ...pmdWalk,
  {
    bug: 'mincore says nothing of a huge page that went',
    file: 'walk/mincore.ts',
    line: 'unstable: mincoreUnmappedRange,',
    instead: '',
  },
];
const pmdWalkPagemap: readonly Bug[] = [
  ...pmdWalk,
  {
    bug: 'a walk that is to look anew goes on',
    file: 'walk/walk-pmd.ts',
    line: "if (walk.action !== 'ACTION_AGAIN') at = next;",
    instead: 'at = next;',
  },
];

const pudWalk: readonly Bug[] = [
  {
    bug: 'after the split the walk asks only whether there is no entry',
    file: 'walk/pagewalk.ts',
    line: 'const again = pudNone(pud) || (k.patched.pagewalkRetriesLeaf && pudLeaf(pud));',
    instead: 'const again = pudNone(pud);',
  },
  {
    bug: 'after the split the walk asks only whether there is a leaf',
    file: 'walk/pagewalk.ts',
    line: 'const again = pudNone(pud) || (k.patched.pagewalkRetriesLeaf && pudLeaf(pud));',
    instead: 'const again = pudLeaf(pud);',
  },
  {
    bug: 'the walk looks anew only if it has split something itself',
    file: 'walk/pagewalk.ts',
    line: 'const below = yield* pudBelow(k, pudp);',
    instead:
      'const was = yield* pudpGet(k, pudp);\n  const below = pudLeaf(was) ? null : yield* pudpGet(k, pudp);',
  },
];

const pudWalkCallback: readonly Bug[] = [
  {
    bug: 'the walk follows the entry that it has shown to its callback',
    file: 'walk/pagewalk.ts',
    line: 'const below = yield* pudBelow(k, pudp);',
    instead: 'const below: Pud | null = pud;',
  },
  ...pudWalk,
];

const gupFastFork: readonly Bug[] = [
  {
    bug: 'GUP-fast does not look at the sequence count again',
    file: 'gup/fast.ts',
    line: 'if (pinning && (yield* writeProtectSeq(k, mm)) !== seq)',
    instead: 'if (false)',
  },
  {
    bug: 'GUP-fast begins while a fork is under way',
    file: 'gup/fast.ts',
    line: 'if (pinning && seq & 1) return 0;',
    instead: '',
  },
  {
    bug: 'the pin is not given back when a fork came between',
    file: 'gup/fast.ts',
    line: 'yield* unpinUserPages(k, pages.splice(before));',
    instead: '{}',
  },
  {
    bug: 'fork does not raise the sequence count',
    file: 'fork/copy-page-range.ts',
    line: 'mm.writeProtectSeq++;',
    instead: 'mm.writeProtectSeq += 0;',
  },
];

const gupFastZap: readonly Bug[] = [
  {
    bug: 'GUP-fast does not compare the entry again',
    file: 'gup/fast.ts',
    line: 'const changed = moved || !pteSame(pte, yield* ptepGet(k, ptep));',
    instead: 'const changed = moved;',
  },
  {
    bug: 'GUP-fast compares the entry before it takes the reference',
    file: 'gup/fast.ts',
    line: `if (!(yield* tryGrabFolio(k, page, flags))) return false;
  const moved = k.patched.gupSeesCollapse && !pmdSame(pmd, yield* pmdpGet(k, pmdp));
  const changed = moved || !pteSame(pte, yield* ptepGet(k, ptep));`,
    instead: `const moved = k.patched.gupSeesCollapse && !pmdSame(pmd, yield* pmdpGet(k, pmdp));
  const changed = moved || !pteSame(pte, yield* ptepGet(k, ptep));
  if (!(yield* tryGrabFolio(k, page, flags))) return false;`,
  },
  {
    bug: 'a page without references is taken, too',
    file: 'folio/frame.ts',
    line: 'if (references === 0) return false;',
    instead: '',
  },
];

const pteMarkerClear: readonly Bug[] = [
  {
    bug: 'any marker is cleared, not the one that was read',
    file: 'fault/non-swap.ts',
    line: 'const clear = k.patched.errorMarkerSurvivesFork ? pteSame(now, vmf.origPte) : markerOf(k, now) !== 0;',
    instead: 'const clear = markerOf(k, now) !== 0;',
  },
  {
    bug: 'whatever is there is cleared',
    file: 'fault/non-swap.ts',
    line: 'if (clear) yield* setPteAt(k, vmf.ptep, k.pte.pteEmpty);',
    instead: 'yield* setPteAt(k, vmf.ptep, k.pte.pteEmpty);',
  },
  {
    bug: 'the marker is compared before the table is locked',
    file: 'fault/non-swap.ts',
    line: `  yield* pteOffsetMapLock(k, vmf);
  const now = yield* ptepGet(k, vmf.ptep);
  const clear`,
    instead: `  const now = yield* ptepGet(k, vmf.ptep);
  yield* pteOffsetMapLock(k, vmf);
  const clear`,
  },
  {
    bug: 'the table is not locked while the marker is compared and cleared',
    file: 'fault/non-swap.ts',
    line: `  if (clear) yield* setPteAt(k, vmf.ptep, k.pte.pteEmpty);
  ptlUnlock(k, vmf.table);`,
    instead: `  ptlUnlock(k, vmf.table);
  if (clear) yield* setPteAt(k, vmf.ptep, k.pte.pteEmpty);`,
  },
];

const paeTornRead: readonly Bug[] = [
  {
    bug: 'GUP-fast reads the PMD by one READ_ONCE()',
    file: 'gup/fast.ts',
    line: 'const pmd = k.patched.gupReadsPmdWhole ? yield* pmdpGetLockless(k, pmdp) : yield* pmdpGet(k, pmdp);',
    instead: 'const pmd = yield* pmdpGet(k, pmdp);',
  },
  {
    bug: 'the low half is not read again',
    file: 'pgtable/halves.ts',
    line: 'if ((yield* loadHalf(k, entry)) === lo) return { lo, hi };',
    instead: 'return { lo, hi };',
  },
  {
    bug: 'the high half is read first',
    file: 'pgtable/halves.ts',
    line: `    const lo = yield* loadHalf(k, entry);
    const hi = yield* loadHalf(k, entry + 1);
    if (`,
    instead: `    const hi = yield* loadHalf(k, entry + 1);
    const lo = yield* loadHalf(k, entry);
    if (`,
  },
];

const tableByHalves: Bug = {
  bug: 'the entry of a new table is stored half by half, low half first',
  file: 'pgtable/pte-alloc.ts',
  line: 'st(k.ptes, pmdp, table);',
  instead: `st(k.ptes, pmdp, table);
    yield;`,
};

const paeTornReadHighFirst: readonly Bug[] = [...paeTornRead, tableByHalves];

const paeTornPmdReadAtomic: readonly Bug[] = [
  paeTornRead[1]!,
  paeTornRead[2]!,
  {
    bug: 'who takes a huge page away clears the high half first',
    file: 'pgtable/halves.ts',
    line: `const lo = ld(k.ptes, entry);
  st(k.ptes, entry, pte.lo);
  yield;
  const hi = ld(k.ptes, entry + 1);
  st(k.ptes, entry + 1, pte.hi);`,
    instead: `const hi = ld(k.ptes, entry + 1);
  st(k.ptes, entry + 1, pte.hi);
  yield;
  const lo = ld(k.ptes, entry);
  st(k.ptes, entry, pte.lo);`,
  },
];

const highHalf = 'return { lo, hi: lo === 0 ? 0 : yield* loadHalf(k, entry + 1) };';
const paeTornPmdReadAtomicTable: readonly Bug[] = [
  {
    bug: 'the low half is read again, and the high one is not',
    file: 'pgtable/halves.ts',
    line: highHalf,
    instead: `const hi = yield* loadHalf(k, entry + 1);
  return { lo: yield* loadHalf(k, entry), hi };`,
  },
  {
    bug: 'the high half is read where the low one is none',
    file: 'pgtable/halves.ts',
    line: highHalf,
    instead: 'return { lo, hi: lo === 0 ? yield* loadHalf(k, entry + 1) : 0 };',
  },
  tableByHalves,
];

const paeTornPte: readonly Bug[] = [
  {
    bug: 'the low half is not read again',
    file: 'pgtable/halves.ts',
    line: 'if ((yield* loadHalf(k, entry)) === lo) return { lo, hi };',
    instead: 'return { lo, hi };',
  },
  {
    bug: 'the high half of a new entry is stored last',
    file: 'pgtable/halves.ts',
    line: `  st(k.ptes, entry + 1, pte.hi);
  yield;
  st(k.ptes, entry, pte.lo);`,
    instead: `  st(k.ptes, entry, pte.lo);
  yield;
  st(k.ptes, entry + 1, pte.hi);`,
  },
  {
    bug: 'the high half is compared instead of the low one',
    file: 'pgtable/halves.ts',
    line: 'if ((yield* loadHalf(k, entry)) === lo) return { lo, hi };',
    instead: 'if ((yield* loadHalf(k, entry + 1)) === hi) return { lo, hi };',
  },
];

const gupFastCollapse: readonly Bug[] = [
  {
    bug: 'GUP-fast does not look again whether the table is still in its place',
    file: 'gup/fast.ts',
    line: 'const moved = k.patched.gupSeesCollapse && !pmdSame(pmd, yield* pmdpGet(k, pmdp));',
    instead: 'const moved = false;',
  },
  {
    bug: 'GUP-fast compares before it takes the reference',
    file: gupFastZap[1]!.file,
    line: gupFastZap[1]!.line,
    instead: gupFastZap[1]!.instead,
  },
  {
    bug: 'the collapse does not count references',
    file: 'khugepaged/collapse.ts',
    line: "const result = isRefcountSuitable(k, folio) ? undefined : 'SCAN_PAGE_COUNT';",
    instead: 'const result = undefined as ScanResult | undefined;',
  },
];

const gupFastCollapseIpi: readonly Bug[] = [
  {
    bug: 'GUP-fast leaves its interrupts on',
    file: 'gup/fast.ts',
    line: `yield* localIrqSave(k);
  for`,
    instead: 'for',
  },
  {
    bug: 'GUP-fast turns its interrupts on before it has the page',
    file: 'gup/fast.ts',
    line: `if (!(yield* tryGrabFolio(k, page, flags))) return false;
  const moved`,
    instead: `localIrqRestore(k);
  if (!(yield* tryGrabFolio(k, page, flags))) return false;
  const moved`,
  },
  {
    bug: 'the flush does not wait for a CPU that has its interrupts off',
    file: 'tlb/tlb.ts',
    line: 'yield* untilInterruptible(k, cpu);',
    instead: '',
  },
  {
    bug: 'the collapse takes the table away without a flush',
    file: 'tlb/tlb.ts',
    line: `const pmd = yield* pmdpHugeGetAndClear(k, pmdp);
  yield* flushPmdTlbRange(k, mm, haddr);`,
    instead: 'const pmd = yield* pmdpHugeGetAndClear(k, pmdp);',
  },
  gupFastCollapse[2]!,
];

const migrationPtes = 'huge/migration-ptes.ts';
const migrationFault: readonly Bug[] = [
  {
    bug: 'a migration entry takes the place of an entry that TLBs still hold',
    file: migrationPtes,
    line: 'const pteval = yield* ptepClearFlush(k, vma.vmMm, address, at.ptep);',
    instead: 'const pteval = yield* ptepGet(k, at.ptep);',
  },
  {
    bug: 'the table is unlocked while the entry is none',
    file: migrationPtes,
    line: `    const unmapped = yield* tryToMigrateOne(k, page, place, at);
    ptlUnlock(k, at.table);`,
    instead: `    ptlUnlock(k, at.table);
    const unmapped = yield* tryToMigrateOne(k, page, place, at);`,
  },
  {
    bug: 'the new frame is mapped before it has the content',
    file: 'huge/migrate-folio.ts',
    line: 'yield* copyUserHighpage(k, dst + i, src + i);',
    instead: ';',
  },
];

const migrationFork: readonly Bug[] = [
  {
    bug: 'the walk that ends a migration does not keep forks from adding a place',
    file: migrationPtes,
    line: `export function* removeMigrationPtes(k: Machine, old: number, page: number): Step<void> {
  const lock = yield* rmapWalkAnonLock(k, page);`,
    instead: `export function* removeMigrationPtes(k: Machine, old: number, page: number): Step<void> {
  const lock = 0;`,
  },
  {
    bug: 'the child gets a writable migration entry',
    file: 'fork/copy-page-range.ts',
    line: 'const pte = sharedMigrationPte(k, srcPte);',
    instead: 'const pte = srcPte;',
  },
  {
    bug: 'the parent keeps its writable migration entry',
    file: 'fork/copy-page-range.ts',
    line: `const pte = sharedMigrationPte(k, srcPte);
  if (!pteSame(pte, srcPte)) yield* setPteAt(k, srcPtep, pte);`,
    instead: 'const pte = sharedMigrationPte(k, srcPte);',
  },
];

const migrationGup: readonly Bug[] = [
  {
    bug: 'a page moves although somebody has a reference',
    file: 'huge/migrate-folio.ts',
    line: 'if ((yield* folioRefCount(k, src)) !== 1) return -EAGAIN;',
    instead: '',
  },
  gupFastZap[0]!,
  gupFastZap[1]!,
];

const dirtyThpSplit: readonly Bug[] = [
  {
    bug: 'the split lets the MMU write to what two processes share',
    file: 'huge/split-pmd.ts',
    line: 'return pmdWrite(k, old) ? entry : pteWrprotect(k, entry);',
    instead: 'return entry;',
  },
  {
    bug: 'the split makes every page exclusive',
    file: 'huge/split-pmd.ts',
    line: 'if (exclusive) setFlag(k, folio + i, PG_anon_exclusive);',
    instead: 'setFlag(k, folio + i, PG_anon_exclusive);',
  },
  {
    bug: 'fork leaves the huge page writable',
    file: 'fork/copy-huge-pmd.ts',
    line: 'swpEntryToPmd(k, sharedMigrationPte(k, old)) : pmdWrprotect(k, old);',
    instead: 'swpEntryToPmd(k, sharedMigrationPte(k, old)) : old;',
  },
];

const pudMprotect: readonly Bug[] = [
  {
    bug: 'mprotect flushes no TLB for a leaf of a GiB',
    file: 'mmap/change-huge-pud.ts',
    line: 'yield* flushPudTlbRange(k, vma.vmMm, pudAddress(k, address));',
    instead: '',
  },
  {
    bug: 'mprotect leaves the leaf as it is',
    file: 'mmap/change-huge-pud.ts',
    line: 'pmdModify(k, yield* pudpGet(k, at.pudp), newprot)',
    instead: 'yield* pudpGet(k, at.pudp)',
  },
  {
    bug: 'mprotect passes a leaf over that lies in its range as a whole',
    file: 'mmap/change-huge-pud.ts',
    line: 'if (whole) return yield* changeHugePud(k, vma, address, newprot);',
    instead: 'if (whole) return true;',
  },
];

/** Every seeded bug. */
export const seededBugs: readonly SeededBug[] = Object.entries({
  'delayed-rmap': delayedRmap,
  'delayed-rmap-refault': delayedRmapRefault,
  'delayed-rmap-two-mappings': delayedRmapTwoMappings,
  'delayed-rmap-full-batch': delayedRmapFullBatch,
  'delayed-rmap-no-gather': delayedRmapNoGather,
  'odirect-swapout': odirectSwapout,
  'swapin-bypass': swapinBypass,
  'gup-fast-fork': gupFastFork,
  'gup-fast-zap': gupFastZap,
  'gup-fast-collapse': gupFastCollapse,
  'gup-fast-collapse-ipi': gupFastCollapseIpi,
  'dirty-thp-split': dirtyThpSplit,
  'dirty-thp-split-sparc': dirtyThpSplit,
  'pmd-walk-mincore': pmdWalkMincore,
  'pmd-walk-pagemap': pmdWalkPagemap,
  'pud-walk': pudWalk,
  'pud-mprotect': pudMprotect,
  'pud-walk-hmm': pudWalkCallback,
  'pud-walk-clean-record': pudWalkCallback,
  'pte-marker-clear': pteMarkerClear,
  'pae-torn-read': paeTornRead,
  'pae-torn-read-high-first': paeTornReadHighFirst,
  'pae-torn-pte-lockless': paeTornPte,
  'pae-torn-pmd-read-atomic': paeTornPmdReadAtomic,
  'pae-torn-pmd-read-atomic-table': paeTornPmdReadAtomicTable,
  'migration-fault': migrationFault,
  'migration-fork': migrationFork,
  'migration-gup': migrationGup,
}).flatMap(([race, bugs]) => bugs.map((bug) => ({ race, ...bug })));
