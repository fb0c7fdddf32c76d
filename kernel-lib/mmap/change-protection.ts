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
  eitherPte,
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
  const marks = (cpFlags & MM_CP_UFFD_WP) !== 0 && userfaultfdWpUseMarkers(k, vma);
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
    } else if (table === 0 && marks) {
      // Markers need tables to stand in.
      table = pteAlloc(k, pgd, at);
    }
    if (table !== 0) yield* changePteRange(k, vma, table, at, next, newprot, cpFlags, stale);
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

/** @kernel mm/mprotect.c change_pte_range v6.2 */
function* changePteRange(
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  newprot: Pgprot,
  cpFlags: number,
  stale: Stale,
): Step<void> {
  yield* ptlLock(k, table);
  const from = pteOffset(k, table, start);
  const to = pteOffsetEnd(k, table, end);
  let first = to;
  let behind = from;
  for (let ptep = from; ptep < to; ptep += PTE_WORDS) {
    const oldpte = yield* ptepGet(k, ptep);
    const newpte = changedPte(k, vma, oldpte, newprot, cpFlags);
    if (!pteSame(oldpte, newpte)) yield* setPteAt(k, ptep, newpte);
    if (!ptePresent(k, oldpte)) continue;
    if (first === to) first = ptep;
    behind = ptep + PTE_WORDS;
  }
  const known = { ptep: from, address: start };
  if (first < behind) widen(stale, pteAddress(k, first, known), pteAddress(k, behind, known));
  ptlUnlock(k, table);
}

function changedPte(k: Machine, vma: Vma, oldpte: Pte, newprot: Pgprot, cpFlags: number): Pte {
  if (pteNone(k, oldpte)) {
    const mark = (cpFlags & MM_CP_UFFD_WP) !== 0 && userfaultfdWpUseMarkers(k, vma);
    return mark ? makePteMarker(k, PTE_MARKER_UFFD_WP) : oldpte;
  }
  return ptePresent(k, oldpte)
    ? changedPresent(k, vma, oldpte, newprot, cpFlags)
    : changedNonpresent(k, oldpte, cpFlags);
}

function changedPresent(k: Machine, vma: Vma, oldpte: Pte, newprot: Pgprot, cpFlags: number): Pte {
  const ptent = withUffdWp(k, pteModify(k, oldpte, newprot), cpFlags);
  const upgrade = (cpFlags & MM_CP_TRY_CHANGE_WRITABLE) !== 0 && !pteWrite(k, ptent);
  return eitherPte(upgrade && canChangePteWritable(k, vma, ptent), pteMkwrite(k, ptent), ptent);
}

function withUffdWp(k: Machine, ptent: Pte, cpFlags: number): Pte {
  const resolved = eitherPte((cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0, pteClearUffdWp(k, ptent), ptent);
  return eitherPte((cpFlags & MM_CP_UFFD_WP) !== 0, pteMkuffdWp(k, pteWrprotect(k, ptent)), resolved);
}

/** An error marker kept userfaultfd's bit before 7e3ce3f8d2d2 like a slot; since then it is left alone. */
function changedNonpresent(k: Machine, oldpte: Pte, cpFlags: number): Pte {
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

/**
 * Whether the write fault on an entry would do nothing but make it writable.
 *
 * @kernel mm/mprotect.c can_change_pte_writable v6.2
 */
export function canChangePteWritable(k: Machine, vma: Vma, pte: Pte): boolean {
  if (pteProtnone(k, pte)) return false;
  if (vmaSoftDirtyEnabled(k, vma) && !pteSoftDirty(k, pte)) return false;
  if ((vma.vmFlags & VM_UFFD_WP) !== 0 && pteUffdWp(k, pte)) return false;
  if (vma.vmFlags & VM_SHARED) return pteDirty(k, pte);
  if (!k.patched.cleanExclusiveUpgrade && !pteDirty(k, pte)) return false;
  const page = vmNormalPage(k, pte);
  return page !== 0 && PageAnon(k, page) && PageAnonExclusive(k, page);
}
