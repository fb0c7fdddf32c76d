import { describe, expect, test } from 'vitest';
import {
  MAP_SHARED,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_READ,
  PROT_WRITE,
} from '../../kernel-lib/mmap/flags.js';
import { mremap } from '../../kernel-lib/mmap/mremap.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { daxDeviceSetup } from '../../kernel-lib/pagecache/dax-device.js';
import { pmdAt, pmdTransHuge } from '../../kernel-lib/pgtable/pmd.js';
import { pudAt, pudLeaf } from '../../kernel-lib/pgtable/pud.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import { AddressSpace, type File } from '../../kernel-lib/vma/file.js';
import type { Vma } from '../../kernel-lib/vma/vma.js';
import { vmaLookup } from '../../kernel-lib/vma/vma-list.js';
import { CLEAR_REFS_SOFT_DIRTY, clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { HMM_PFN_REQ_FAULT, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import {
  cleanRecordSharedMappingRange,
  wpSharedMappingRange,
} from '../../kernel-lib/walk/mapping-dirty-helpers.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { ptdumpWalkPgd } from '../../kernel-lib/walk/ptdump.js';
import { readSmap } from '../../kernel-lib/walk/smaps.js';

const PAGE = 4096;
const PMD = 512;
const PUD = 512 * PMD;

/** A GiB of a device that a process has stored to through one entry of a level. */
class Mapping {
  readonly user: Process;
  readonly file: File;
  readonly at: number;
  readonly warnings: string[] = [];

  constructor(patches: readonly string[], level: 'pmd' | 'pud', release = '6.1') {
    const linux = boot({ release, with: patches });
    const k = linux.machine;
    k.onWarning = (warning) => this.warnings.push(warning);
    this.user = linux.spawn('user');
    const pages = level === 'pud' ? PUD : PMD;
    this.file = daxDeviceSetup(k, pages, pages * PAGE);
    const prot = PROT_READ | PROT_WRITE;
    const request = { file: this.file, addr: 0, len: pages * PAGE, prot, flags: MAP_SHARED, pgoff: 0 };
    this.at = run(vmMmapPgoff(k, this.user.mm, request));
    this.user.write(this.at, 7);
  }

  get k() {
    return this.user.machine;
  }

  get mapping(): AddressSpace {
    return AddressSpace.at(this.k, this.file.fMapping);
  }

  get vma(): Vma {
    return vmaLookup(this.k, this.user.mm, this.at)!;
  }

  /** What is left of the entry. */
  get left(): string {
    return this.mappedBy(this.user, this.at);
  }

  mappedBy({ mm }: Process, at: number): string {
    if (pudLeaf(pudAt(this.k, mm.pgd, at))) return 'pud';
    return pmdTransHuge(this.k, pmdAt(this.k, mm.pgd, at)) ? 'pmd' : 'none';
  }
}

const hmm = (defaultFlags: number) => (m: Mapping) => {
  const range = { start: m.at, end: m.at + 2 * PAGE, defaultFlags };
  const found = run(hmmRangeFault(m.k, m.user.mm, range));
  return typeof found === 'number' ? String(found) : found.map(({ flags }) => flags).join();
};

const smaps = (m: Mapping): string => {
  const { Rss, Pss, Private_Dirty, Private_Clean } = run(readSmap(m.k, m.vma));
  return [Rss, Pss, Private_Dirty, Private_Clean].join();
};

const walkers: Readonly<Record<string, (m: Mapping) => string>> = {
  smaps,
  pagemap: (m) =>
    run(pagemapRead(m.k, m.user.mm, m.at, m.at + 2 * PAGE, false))
      .map((entry) => `0x${(entry >> 60n).toString(16)}`)
      .join(),
  mincore: (m) => String(run(doMincore(m.k, m.user.mm, m.at, m.at + 2 * PAGE))),
  clear_refs: (m) => (run(clearRefsWrite(m.k, m.user.mm, CLEAR_REFS_SOFT_DIRTY)), ''),
  hmm: hmm(0),
  'hmm fault': hmm(HMM_PFN_REQ_FAULT),
  ptdump: (m) =>
    run(ptdumpWalkPgd(m.k, m.user.mm, m.at, m.at + 2 * PAGE))
      .map(({ level, value }) => `${level} ${value === 0n ? 'none' : 'value'}`)
      .join(),
  wp_shared_mapping_range: (m) => `${run(wpSharedMappingRange(m.k, m.mapping, 0, PMD))} ${m.warnings.length}`,
  clean_record_shared_mapping_range: (m) =>
    `${run(cleanRecordSharedMappingRange(m.k, m.mapping, 0, PMD)).size} ${m.warnings.length}`,
};

/** What each says of the entry, and what it leaves of it: who has nothing to say of a GiB splits it, and finds none. */
const expected: Readonly<Record<string, { readonly pud: string; readonly pmd: string }>> = {
  smaps: { pud: '0,0,0,0 none', pmd: '2048,2048,2048,0 pmd' },
  pagemap: { pud: '0x0,0x0 none', pmd: '0xa,0xa pmd' },
  mincore: { pud: '0,0 none', pmd: '1,1 pmd' },
  clear_refs: { pud: ' none', pmd: ' pmd' },
  hmm: { pud: '3,3 pud', pmd: '3,3 pmd' },
  'hmm fault': { pud: '3,3 pud', pmd: '3,3 pmd' },
  ptdump: { pud: '2 value pud', pmd: '3 value pmd' },
  wp_shared_mapping_range: { pud: '0 1 pud', pmd: '0 1 pmd' },
  clean_record_shared_mapping_range: { pud: '0 1 pud', pmd: '0 1 pmd' },
};

/** With one thread, it makes no difference how often the walk reads an entry, and what it asks of that. */
const variants = { before: [], RFC: ['?pagewalk-pud-once'], merged: ['3b89863c3fa4'] };

describe.each(Object.keys(walkers))('%s of a device’s memory', (walker) => {
  test.each(['pud', 'pmd'] as const)('that one %s maps', (level) => {
    for (const [variant, patches] of Object.entries(variants)) {
      const m = new Mapping(patches, level);
      const said = walkers[walker]!(m);
      expect(`${said} ${m.left}`, variant).toBe(expected[walker]![level]);
    }
  });
});

test('since 8b9c1cc0418a smaps does not count memory of a device that a leaf maps', () => {
  expect(smaps(new Mapping([], 'pmd', 'v6.3'))).toBe('2048,2048,2048,0');
  expect(smaps(new Mapping([], 'pmd', '6.12'))).toBe('0,0,0,0');
});

/** What an operation leaves of an entry, and whether it warns. */
const operations: Readonly<Record<string, (m: Mapping) => string>> = {
  mprotect: (m) => (m.user.mprotect(m.at, pagesOf(m), 'r'), m.left),
  'mprotect of a part': (m) => (m.user.mprotect(m.at, 1, 'r'), m.left),
  fork: (m) => `${m.mappedBy(m.user.fork('child'), m.at)} ${m.left}`,
  madvise_dontneed: (m) => (m.user.madvise(m.at, 'MADV_DONTNEED', pagesOf(m)), m.left),
  mremap: (m) => {
    const to = m.at + 2 * pagesOf(m) * PAGE;
    const len = pagesOf(m) * PAGE;
    const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    expect(run(mremap(m.k, m.user.mm, { addr: m.at, oldLen: len, newLen: len, flags, newAddr: to }))).toBe(
      to,
    );
    const moved = m.mappedBy(m.user, to);
    expect(m.user.read(to)).toBe(7);
    return `${moved}, then ${m.mappedBy(m.user, to)}`;
  },
};

const pagesOf = ({ vma }: Mapping): number => (vma.vmEnd - vma.vmStart) / PAGE;

describe.each([
  ['mprotect', { pud: 'none bad', pmd: 'pmd', 'pud since v6.12': 'pud' }],
  ['mprotect of a part', { pud: 'none bad', pmd: 'none', 'pud since v6.12': 'none' }],
  ['fork', { pud: 'none pud', pmd: 'none pmd', 'pud since v6.12': 'none pud' }],
  ['madvise_dontneed', { pud: 'none', pmd: 'none', 'pud since v6.12': 'none' }],
  // Nobody told mremap of leaves of a GiB: it takes them for broken tables in every release.
  ['mremap', { pud: 'none, then pud bad', pmd: 'pmd, then pmd', 'pud since v6.12': 'none, then pud bad' }],
] as const)('%s of a device’s memory', (operation, outcomes) => {
  test.each(Object.entries(outcomes))('that one %s maps', (kind, outcome) => {
    const release = kind.endsWith('v6.12') ? '6.12' : '6.1';
    for (const patches of release === '6.12' ? [[]] : Object.values(variants)) {
      const m = new Mapping(patches, kind.startsWith('pud') ? 'pud' : 'pmd', release);
      const left = operations[operation]!(m);
      expect(
        m.warnings.some((warning) => warning.includes('bad pud')) ? `${left} bad` : left,
        String(patches),
      ).toBe(outcome);
    }
  });
});
