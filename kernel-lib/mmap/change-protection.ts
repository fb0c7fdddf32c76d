import type { Pgprot } from '../arch/entry.js';
import { vmNormalPage } from '../rmap/map.js';
import { PageAnon, PageAnonExclusive } from '../folio/frame.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { mapsHugePud } from '../huge/pud-lock.js';
import { hpagePudSize, pudAddrEnd } from '../pgtable/pud.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import {
  type Pte,
  pteClearUffdWp,
  pteDirty,
  pteMkuffdWp,
  pteMkwrite,
  pteModify,
  pteNone,
  ptePresent,
  pteProtnone,
  pteSame,
  pteSoftDirty,
  pteSwpClearUffdWp,
  pteSwpMkuffdWp,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import {
  PTE_WORDS,
  pmdAddrEnd,
  pteAddress,
  pteAlloc,
  pteOffset,
  pteOffsetEnd,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import {
  PTE_MARKER_UFFD_WP,
  isMigrationEntry,
  isPteMarkerEntry,
  makePteMarker,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { migrationPtePage, wrprotectedMigrationPte } from '../swap/migration-entry.js';
import { wrprotectedDevicePte } from '../swap/device-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import { userfaultfdWpUseMarkers } from '../uffd/ctx.js';
import { Mm } from '../vma/mm.js';
import { vmaSoftDirtyEnabled } from '../vma/page-prot.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { hugetlbChangeProtection } from './change-hugetlb.js';
import { VM_SHARED, VM_UFFD_WP } from '../vma/vm-flags.js';
import { changePud } from './change-huge-pud.js';
import { changeHugePmd } from './change-huge-pmd.js';
import { MM_CP_TRY_CHANGE_WRITABLE, MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from './cp-flags.js';

/**
 * Gives the pages of [start, end) a protection, by default the VMA's.
 *
 * @kernel mm/mprotect.c change_protection v6.2
 * @differs no NUMA hinting; flushes also what became no stricter
 * @param cpFlags MM_CP_…
 * @param vmPageProt index into protection_map[]
 */
export function* changeProtection(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  cpFlags: number,
  vmPageProt = vma.vmPageProt,
): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const newprot = k.pte.protectionMap[vmPageProt]!;
  if (isVmHugetlbPage(vma)) return yield* hugetlbChangeProtection(k, vma, start, end, newprot, cpFlags);
  const change: Change = {
    newprot,
    cpFlags,
    marks: (cpFlags & MM_CP_UFFD_WP) !== 0 && userfaultfdWpUseMarkers(k, vma),
    writable: writableRules(k, vma),
  };
  const stale: Stale = { start: end, end: start };
  for (let at = start; at < end;) {
    if (mapsHugePud(k, vma, at)) {
      const whole = pudAddrEnd(k, at, end) - at === hpagePudSize(k);
      const changed = yield* changePud(k, vma, at, newprot, whole);
      if (changed) at = pudAddrEnd(k, at, end);
      continue;
    }
    const next = pmdAddrEnd(k, at, end);
    let table = pteTable(k, pgd, at);
    if (table === 0 && mapsHugePage(k, vma, at)) {
      if (next - at === hpagePmdSize(k)) {
        yield* changeHugePmd(k, vma, at, newprot, cpFlags);
        widen(stale, at, next);
      } else {
        yield* __splitHugePmd(k, vma, at);
      }
      table = pteTable(k, pgd, at);
    } else if (table === 0 && change.marks) {
      // Markers need tables to stand in.
      table = pteAlloc(k, pgd, at);
    }
    if (table !== 0) yield* changePteRange(k, change, table, at, next, stale);
    at = next;
  }
  if (stale.start < stale.end) yield* flushTlbMmRange(k, vma.vmMm, stale.start, stale.end);
}

/** What TLBs may hold of entries that were changed, as the gather knows it: from the first to the last of them. */
interface Stale {
  start: number;
  end: number;
}

/** MODEL: __tlb_adjust_range() of include/asm-generic/tlb.h. */
function widen(stale: Stale, start: number, end: number): void {
  stale.start = Math.min(stale.start, start);
  stale.end = Math.max(stale.end, end);
}

/** What becomes of the entries of a range, as far as it is the same for all of them. */
interface Change {
  readonly newprot: Pgprot;
  /** MM_CP_… */
  readonly cpFlags: number;
  /** Whether an entry that maps nothing gets userfaultfd's marker. */
  readonly marks: boolean;
  readonly writable: WritableRules;
}

/** @kernel mm/mprotect.c change_pte_range v6.2 */
function* changePteRange(
  k: Machine,
  change: Change,
  table: number,
  start: number,
  end: number,
  stale: Stale,
): Step<void> {
  yield* ptlLock(k, table);
  const from = pteOffset(k, table, start);
  const to = pteOffsetEnd(k, table, end);
  let first = to;
  let last = from;
  for (let ptep = from; ptep < to; ptep += PTE_WORDS) {
    const seen = yield* ptepGet(k, ptep);
    if (!ptePresent(k, seen)) {
      const newpte = changedNonpresent(k, seen, change);
      if (!pteSame(seen, newpte)) yield* setPteAt(k, ptep, newpte);
      continue;
    }
    // Taken away first: what the MMU notes in it meanwhile is not lost.
    const oldpte = yield* ptepGetAndClear(k, ptep);
    yield* setPteAt(k, ptep, changedPresent(k, oldpte, change));
    if (first === to) first = ptep;
    last = ptep;
  }
  const known = { ptep: from, address: start };
  if (first < to) widen(stale, pteAddress(k, first, known), pteAddress(k, last + PTE_WORDS, known));
  ptlUnlock(k, table);
}

/** By words: of an entry that several branches give to one variable V8 makes an object, as eitherPte() says. */
function changedPresent(k: Machine, oldpte: Pte, change: Change): Pte {
  let { lo, hi } = pteModify(k, oldpte, change.newprot);
  // Most often that is all.
  if (change.cpFlags !== 0) ({ lo, hi } = flaggedPte(k, { lo, hi }, change));
  return { lo, hi };
}

function flaggedPte(k: Machine, ptent: Pte, { cpFlags, writable }: Change): Pte {
  let { lo, hi } = ptent;
  if ((cpFlags & MM_CP_UFFD_WP) !== 0) ({ lo, hi } = pteMkuffdWp(k, pteWrprotect(k, ptent)));
  else if ((cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0) ({ lo, hi } = pteClearUffdWp(k, ptent));
  const upgrade = (cpFlags & MM_CP_TRY_CHANGE_WRITABLE) !== 0 && !pteWrite(k, { lo, hi });
  if (upgrade && canChangePteWritable(k, writable, { lo, hi })) ({ lo, hi } = pteMkwrite(k, { lo, hi }));
  return { lo, hi };
}

/** An error marker kept userfaultfd's bit before 7e3ce3f8d2d2 like a slot; since then it is left alone. */
function changedNonpresent(k: Machine, oldpte: Pte, { cpFlags, marks }: Change): Pte {
  if (pteNone(k, oldpte)) return marks ? makePteMarker(k, PTE_MARKER_UFFD_WP) : oldpte;
  if (!pteHasSwapEntry(k, oldpte)) return oldpte;
  const entry = pteToSwpEntry(k, oldpte);
  const resolve = (cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0;
  if ((pteMarkerGet(k, entry) & PTE_MARKER_UFFD_WP) !== 0) return resolve ? k.pte.pteEmpty : oldpte;
  if (isPteMarkerEntry(k, entry) && k.patched.errorMarkerSurvivesFork) return oldpte;
  const newpte = isMigrationEntry(k, entry) ? withoutWrite(k, oldpte) : wrprotectedDevicePte(k, oldpte);
  if ((cpFlags & MM_CP_UFFD_WP) !== 0) return pteSwpMkuffdWp(k, newpte);
  return resolve ? pteSwpClearUffdWp(k, newpte) : newpte;
}

/** Of a page that moves the right to write goes, whatever the new protection: a write fault will give it back. */
function withoutWrite(k: Machine, pte: Pte): Pte {
  return wrprotectedMigrationPte(k, pte, PageAnon(k, migrationPtePage(k, pte)));
}

/** What must be true of an entry of a VMA before it may become writable without a fault. */
interface WritableRules {
  readonly softDirty: boolean;
  readonly dirty: boolean;
  /** That it maps an anonymous page of this process alone. */
  readonly exclusive: boolean;
  /** That userfaultfd does not protect it. */
  readonly unprotected: boolean;
}

function writableRules(k: Machine, vma: Vma): WritableRules {
  const shared = (vma.vmFlags & VM_SHARED) !== 0;
  return {
    softDirty: vmaSoftDirtyEnabled(k, vma),
    dirty: shared || !k.patched.cleanExclusiveUpgrade,
    exclusive: !shared,
    unprotected: (vma.vmFlags & VM_UFFD_WP) !== 0,
  };
}

/**
 * Whether the write fault on an entry would do nothing but make it writable.
 *
 * @kernel mm/mprotect.c can_change_pte_writable v6.2
 */
function canChangePteWritable(k: Machine, rules: WritableRules, pte: Pte): boolean {
  if (pteProtnone(k, pte)) return false;
  if (rules.softDirty && !pteSoftDirty(k, pte)) return false;
  if (rules.unprotected && pteUffdWp(k, pte)) return false;
  if (rules.dirty && !pteDirty(k, pte)) return false;
  if (!rules.exclusive) return true;
  const page = vmNormalPage(k, pte);
  return page !== 0 && PageAnon(k, page) && PageAnonExclusive(k, page);
}
