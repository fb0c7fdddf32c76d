import { archById } from '../../kernel-lib/arch/variants.js';
import { FAULT_FLAG_ALLOW_RETRY } from '../../kernel-lib/fault/flags.js';
import { doSwapPage } from '../../kernel-lib/fault/swapin.js';
import { migrationEntryWait } from '../../kernel-lib/fault/migration-wait.js';
import { migrateToDevice } from '../../kernel-lib/device/private.js';
import { allocPage, folioPut } from '../../kernel-lib/folio/alloc.js';
import { folioUnlock } from '../../kernel-lib/folio/lock.js';
import { makeDeviceExclusiveRange } from '../../kernel-lib/gup/device-exclusive.js';
import { devicePtePage } from '../../kernel-lib/swap/device-entry.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { MOVE_ANON, MOVE_FILE, getMctgtType } from '../../kernel-lib/memcg/move-charge.js';
import { changeProtection } from '../../kernel-lib/mmap/change-protection.js';
import { MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from '../../kernel-lib/mmap/cp-flags.js';
import { MREMAP_FIXED, MREMAP_MAYMOVE } from '../../kernel-lib/mmap/flags.js';
import { radixToSwpEntry, xaLoad } from '../../kernel-lib/pagecache/xarray.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import {
  type Pte,
  pfnPte,
  pteClearSoftDirty,
  pteMkspecial,
  pteNone,
  ptePfn,
  ptePresent,
  pteSame,
  pteSwpClearSoftDirty,
  swpEntryToPte,
} from '../../kernel-lib/pgtable/pte.js';
import { pteAlloc, pteOffset, readPte, setPteAt } from '../../kernel-lib/pgtable/table.js';
import { PVMW_MIGRATION, checkPte } from '../../kernel-lib/rmap/walk.js';
import { run } from '../../kernel-lib/step/step.js';
import { swaponArea } from '../../kernel-lib/swap/area.js';
import { readSwapCacheAsync } from '../../kernel-lib/swap/cache.js';
import {
  PTE_MARKER_UFFD_WP,
  entryToPte,
  makePteMarker,
  makeSwapinErrorEntry,
} from '../../kernel-lib/swap/entry.js';
import { makeMachine } from '../../kernel-lib/sys/machine.js';
import { newProcess } from '../../kernel-lib/sys/process.js';
import { anonVmaPrepare } from '../../kernel-lib/vma/anon-vma-prepare.js';
import { VM_SHARED, VM_UFFD_WP } from '../../kernel-lib/vma/vm-flags.js';
import { Mm } from '../../kernel-lib/vma/mm.js';
import { AddressSpace, vmaMapping } from '../../kernel-lib/vma/file.js';
import { wpSharedMappingRange } from '../../kernel-lib/walk/mapping-dirty-helpers.js';
import { CLEAR_REFS_ALL, CLEAR_REFS_SOFT_DIRTY, clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { HMM_PFN_REQ_FAULT, HMM_PFN_VALID, HMM_PFN_WRITE, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import { __collapseHugePageSwapin, hpageCollapseScanPmd } from '../../kernel-lib/khugepaged/scan.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pageIdleBitmapWrite } from '../../kernel-lib/walk/page-idle.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { ptdumpWalkPgd } from '../../kernel-lib/walk/ptdump.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { Moving } from '../migrate/moving.js';
import { Layout } from '../mmap/layout.js';

/** The three ways to keep write-protection of file memory where nothing is mapped. */
export const variants: Readonly<Record<string, readonly string[]>> = {
  before: ['?special-swap-ptes'],
  RFC: ['?special-swap-ptes', '?pte-has-swap-entry'],
  merged: [],
};

/**
 * A process that maps one page of an object for itself. The object's page is in swap, with a copy in the swap cache,
 * so that whoever looks behind an empty place finds something.
 */
export class Place extends Layout {
  readonly warnings: string[] = [];
  /** The page that the entry maps or stands for. */
  page = 0;

  constructor(patches: readonly string[]) {
    const k = makeMachine({
      release: '6.1.187',
      arch: archById('x86_64'),
      patched: resolvePatches('6.1', 'x86_64', patches),
      nrFrames: 256,
      nrDeviceFrames: 2,
      nrSwapSlots: 64,
      nrCpus: 1,
      floorWords: 1 << 14,
    });
    swaponArea(k, 64, 0);
    super('', newProcess(k, 'p'), k);
    k.onWarning = (warning) => this.warnings.push(warning);
    const file = __shmemFileSetup(k, 1);
    this.mmap(0, 1, 'rw', file, true);
    this.write(0, 5);
    this.madvise(0, 1, 'MADV_PAGEOUT');
    this.munmap(0, 1);
    run(readSwapCacheAsync(k, radixToSwpEntry(xaLoad(k, AddressSpace.at(k, file.fMapping), 0))));
    this.mmap(0, 1, 'rw', file);
  }

  get table(): number {
    return pteAlloc(this.k, this.process.mm.pgd, this.address(0));
  }

  get ptep(): number {
    return pteOffset(this.k, this.table, this.address(0));
  }

  get pte(): Pte {
    return readPte(this.k, this.ptep);
  }

  set(pte: Pte): void {
    run(setPteAt(this.k, this.ptep, pte));
  }

  /** A private page of the process, written just now. */
  written(): this {
    this.write(0, 7);
    run(lruAddDrain(this.k));
    this.page = ptePfn(this.k, this.pte);
    return this;
  }
}

const entryFor = (name: keyof Machine['swpTypes']) => (p: Place) => {
  p.page = allocPage(p.k);
  p.set(swpEntryToPte(p.k, p.k.swpTypes[name], p.page));
};

/** How an entry comes to be of each kind. */
export const kinds: Readonly<Record<string, (p: Place) => void>> = {
  none: (p) => void p.table,
  present: (p) => void p.written(),
  'zero page': (p) => p.set(pteMkspecial(p.k, pfnPte(p.k, 1, p.k.pte.protectionMap[1]!))),
  swap: (p) => void p.written().madvise(0, 1, 'MADV_PAGEOUT'),
  'migration read': (p) => {
    p.written().fork();
    new Moving(p, 0);
  },
  'migration read-exclusive': (p) => {
    p.written().mprotect(0, 1, 'r');
    new Moving(p, 0);
    p.mprotect(0, 1, 'rw');
  },
  'migration write': (p) => void new Moving(p.written(), 0),
  'device private': (p) => {
    run(migrateToDevice(p.k, p.written().process.mm, p.address(0), p.address(1)));
    p.page = devicePtePage(p.k, p.pte);
  },
  'device exclusive': (p) => {
    const { mm } = p.written().process;
    const [page] = run(makeDeviceExclusiveRange(p.k, mm, p.address(0), p.address(1))) as [number];
    folioUnlock(p.k, page);
    run(folioPut(p.k, page));
  },
  hwpoison: entryFor('SWP_HWPOISON'),
  'swap error': (p) => p.set(entryToPte(p.k, makeSwapinErrorEntry(p.k, allocPage(p.k)))),
  'uffd-wp': (p) => p.set(makePteMarker(p.k, PTE_MARKER_UFFD_WP)),
};

const changed = (p: Place, walk: () => void): string => {
  const before = p.pte;
  walk();
  if (pteSame(before, p.pte)) return '=';
  return pteNone(p.k, p.pte) ? 'none' : 'changed';
};

/** An error number, or what stopped the walk. */
function attempt(walk: () => string | number): string {
  try {
    const result = walk();
    return typeof result === 'number' && result < 0 ? `-${-result}` : String(result);
  } catch (err) {
    return /would block/.test(String(err)) ? 'waits' : /for ever/.test(String(err)) ? 'loops' : String(err);
  }
}

function hmm(p: Place, defaultFlags: number, ownsPrivate = false): string {
  return attempt(() => {
    const start = p.address(0);
    const found = run(
      hmmRangeFault(p.k, p.process.mm, { start, end: p.address(1), defaultFlags, ownsPrivate }),
    );
    if (typeof found === 'number') return found;
    const { flags } = found[0]!;
    return (flags & HMM_PFN_VALID ? 'r' : '') + (flags & HMM_PFN_WRITE ? 'w' : '') || 'no pfn';
  });
}

function faulted(p: Place): string {
  const { table, ptep, pte: origPte } = p;
  if (pteNone(p.k, origPte) || ptePresent(p.k, origPte)) return '';
  const vmf = {
    vma: p.vma(0),
    mm: Mm.at(p.k, p.vma(0).vmMm),
    address: p.address(0),
    realAddress: p.address(0),
    flags: FAULT_FLAG_ALLOW_RETRY,
    origPte,
    table,
    ptep,
    page: 0,
  };
  return (
    attempt(() => `0x${run(doSwapPage(p.k, vmf)).toString(16)}`) + (p.warnings.length > 0 ? ' warns' : '')
  );
}

/** What fork leaves in the parent, and what it gives the child. */
function forked(p: Place): string {
  // Without one, page tables of files are not copied.
  anonVmaPrepare(p.k, p.vma(0));
  const before = p.pte;
  const child = p.fork();
  const table = pteAlloc(p.k, child.process.mm.pgd, p.address(0));
  const left = (pte: Pte): string => {
    if (pteSame(pte, before)) return '=';
    return pteNone(p.k, pte) ? 'none' : ptePresent(p.k, pte) ? 'present' : 'weaker';
  };
  return `${left(p.pte)} ${left(readPte(p.k, pteOffset(p.k, table, p.address(0))))}`;
}

/** What every walker makes of the entry. */
export const walkers: Readonly<Record<string, (p: Place) => string>> = {
  smaps: (p) =>
    Object.entries(showSmap(p.k, p.vma(0)))
      .filter(([name, kib]) => kib > 0 && /^(Rss|Swap|SwapPss)$/.test(name))
      .map(([name]) => name)
      .join(' '),
  pagemap: (p) => pageView(p.k, p.vma(0), p.pte).bits.replace('D', ''),
  'clear_refs 4': (p) => changed(p, () => run(clearRefsWrite(p.k, p.process.mm, CLEAR_REFS_SOFT_DIRTY))),
  'clear_refs 1': (p) => changed(p, () => run(clearRefsWrite(p.k, p.process.mm, CLEAR_REFS_ALL))),
  mincore: (p) => String(run(doMincore(p.k, p.process.mm, p.address(0), p.address(1)))),
  hmm: (p) => hmm(p, 0),
  'hmm fault': (p) => hmm(p, HMM_PFN_REQ_FAULT),
  'hmm owner': (p) => hmm(p, 0, true),
  'khugepaged scan': (p) => run(hpageCollapseScanPmd(p.k, p.vma(0), p.address(0), true)),
  'khugepaged swapin': (p) => attempt(() => run(__collapseHugePageSwapin(p.k, p.vma(0), p.address(0)))),
  memcg: (p) => getMctgtType(p.k, p.vma(0), p.address(0), p.pte, MOVE_ANON | MOVE_FILE).type,
  ptdump: (p) =>
    run(ptdumpWalkPgd(p.k, p.process.mm, p.address(0), p.address(1)))
      .map(({ level, value }) => `${level} ${value === 0n ? 'none' : 'value'}`)
      .join(),
  do_swap_page: faulted,
  migration_entry_wait: (p) => attempt(() => (run(migrationEntryWait(p.k, p.table, p.ptep)), 'goes on')),
  mprotect: (p) => changed(p, () => p.mprotect(0, 1, 'r')),
  'uffd-wp protect': (p) => {
    p.vma(0).vmFlags |= VM_UFFD_WP;
    return changed(p, () => run(changeProtection(p.k, p.vma(0), p.address(0), p.address(1), MM_CP_UFFD_WP)));
  },
  'uffd-wp resolve': (p) =>
    changed(p, () => run(changeProtection(p.k, p.vma(0), p.address(0), p.address(1), MM_CP_UFFD_WP_RESOLVE))),
  fork: forked,
  madvise_dontneed: (p) => changed(p, () => p.madvise(0, 1, 'MADV_DONTNEED')),
  wp_shared_mapping_range: (p) => {
    const mapping = vmaMapping(p.k, p.vma(0))!;
    // Private mappings are left out.
    p.vma(0).vmFlags |= VM_SHARED;
    return changed(p, () => void run(wpSharedMappingRange(p.k, mapping, 0, 1)));
  },
  page_idle: (p) => changed(p, () => run(pageIdleBitmapWrite(p.k, p.page))),
  mremap: (p) => {
    const before = p.pte;
    p.mremap(0, 1, 8, MREMAP_MAYMOVE | MREMAP_FIXED);
    const after = readPte(p.k, pteOffset(p.k, pteAlloc(p.k, p.process.mm.pgd, p.address(8)), p.address(8)));
    if (pteSame(before, after)) return '=';
    const clear = ptePresent(p.k, after) ? pteClearSoftDirty : pteSwpClearSoftDirty;
    return pteSame(clear(p.k, after), before) ? 'soft-dirty' : 'changed';
  },
  page_vma_mapped: (p) => {
    if (checkPte(p.k, p.pte, p.page, 0)) return 'mapped';
    return checkPte(p.k, p.pte, p.page, PVMW_MIGRATION) ? 'moving' : 'no';
  },
};
