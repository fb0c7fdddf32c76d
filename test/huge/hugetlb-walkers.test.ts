import { describe, expect, test } from 'vitest';
import { setMaxHugePages } from '../../kernel-lib/huge/hugetlb.js';
import { hugePteAlloc, setHugePteAt } from '../../kernel-lib/huge/hugetlb-pte.js';
import { hugetlbFileSetup } from '../../kernel-lib/pagecache/hugetlb-file.js';
import { pmdAt, pmdNone } from '../../kernel-lib/pgtable/pmd.js';
import { pteSame } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { PTE_MARKER_UFFD_WP, makePteMarker } from '../../kernel-lib/swap/entry.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { CLEAR_REFS_SOFT_DIRTY, clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { HMM_PFN_REQ_FAULT, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { ptdumpWalkPgd } from '../../kernel-lib/walk/ptdump.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { Layout } from '../mmap/layout.js';
import { variants } from '../walk/pte-kinds.js';

/** Small pages in a huge one. */
const H = 512;

/** A private mapping of one huge page; its object holds the page, so that whoever looks behind a hole finds it. */
function place(patches: readonly string[]): Layout {
  const linux = boot({ release: '6.1', memory: '64MiB', with: patches });
  const p = new Layout('', linux.spawn('p'), linux.machine);
  setMaxHugePages(p.k, 2);
  const object = hugetlbFileSetup(p.k, 1);
  p.mmap(0, H, 'rw', object, true);
  p.write(0, 7);
  p.munmap(0, H);
  p.mmap(0, H, 'rw', object);
  return p;
}

const kinds: Readonly<Record<string, (p: Layout) => void>> = {
  none: (p) => void hugePteAlloc(p.k, p.vma(0), p.address(0)),
  present: (p) => void p.read(0),
  'uffd-wp': (p) => {
    const { ptep } = hugePteAlloc(p.k, p.vma(0), p.address(0));
    run(setHugePteAt(p.k, ptep, makePteMarker(p.k, PTE_MARKER_UFFD_WP)));
  },
};

const entry = (p: Layout) => pmdAt(p.k, p.process.mm.pgd, p.address(0));

function changed(p: Layout, walk: () => void): string {
  const before = entry(p);
  walk();
  if (pteSame(before, entry(p))) return '=';
  return pmdNone(p.k, entry(p)) ? 'none' : 'changed';
}

function hmm(p: Layout, defaultFlags: number): string {
  const start = p.address(3);
  let found;
  try {
    found = run(hmmRangeFault(p.k, p.process.mm, { start, end: p.address(5), defaultFlags }));
  } catch (err) {
    if (/for ever/.test(String(err))) return 'loops';
    throw err;
  }
  if (typeof found === 'number') return String(found);
  return found.map(({ flags }) => (flags === 0 ? '-' : 'r')).join('');
}

const walkers: Readonly<Record<string, (p: Layout) => string>> = {
  smaps: (p) => {
    const { Rss, Swap, Shared_Hugetlb, Private_Hugetlb } = showSmap(p.k, p.vma(0));
    return `${Rss} ${Swap} ${Shared_Hugetlb} ${Private_Hugetlb}`;
  },
  pagemap: (p) => {
    const [{ pte, huge }] = ptesOf(p.k, p.vma(0));
    return pageView(p.k, p.vma(0), pte, huge).bits.replace('D', '');
  },
  mincore: (p) => String(run(doMincore(p.k, p.process.mm, p.address(0), p.address(1)))),
  hmm: (p) => hmm(p, 0),
  'hmm fault': (p) => hmm(p, HMM_PFN_REQ_FAULT),
  clear_refs: (p) => changed(p, () => run(clearRefsWrite(p.k, p.process.mm, CLEAR_REFS_SOFT_DIRTY))),
  ptdump: (p) =>
    run(ptdumpWalkPgd(p.k, p.process.mm, p.address(0), p.address(H)))
      .map(({ level }) => level)
      .join(),
  mprotect: (p) => changed(p, () => p.mprotect(0, H, 'r')),
  madvise_dontneed: (p) => changed(p, () => p.madvise(0, H, 'MADV_DONTNEED')),
};

/** What each makes of each kind, in the order of `kinds`. A marker keeps its place until somebody drops it. */
const expected: Readonly<Record<string, readonly [none: string, present: string, marker: string]>> = {
  smaps: ['0 0 0 0', '0 0 0 2048', '0 0 0 0'],
  pagemap: ['', 'PFX', 'W'],
  mincore: ['0', '1', '0'],
  hmm: ['--', 'rr', '--'],
  'hmm fault': ['rr', 'rr', 'rr'],
  clear_refs: ['=', '=', '='],
  ptdump: ['3', '3', ''],
  mprotect: ['=', '=', '='],
  madvise_dontneed: ['=', 'none', '='],
};

/** What the special entry of 2021 was to who asked for none, whether he knew of such entries or not. */
const special: Readonly<Record<string, string>> = {
  mincore: '1',
  // The fault finds nothing to do, and is tried again.
  'hmm fault': 'loops',
};

describe.each(Object.keys(walkers))('%s of hugetlb', (walker) => {
  test.each(Object.keys(kinds))('of an entry that is %s', (kind) => {
    for (const [variant, patches] of Object.entries(variants)) {
      const p = place(patches);
      kinds[kind]!(p);
      const other = kind === 'uffd-wp' && variant !== 'merged' ? special[walker] : undefined;
      const wanted = other ?? expected[walker]![Object.keys(kinds).indexOf(kind)];
      expect(walkers[walker]!(p), variant).toBe(wanted);
    }
  });
});
