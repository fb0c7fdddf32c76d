import { describe, expect, test } from 'vitest';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../kernel-lib/mmap/flags.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { daxDeviceSetup } from '../../kernel-lib/pagecache/dax-device.js';
import { pmdAt, pmdTransHuge } from '../../kernel-lib/pgtable/pmd.js';
import { pudAt, pudLeaf } from '../../kernel-lib/pgtable/pud.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import { AddressSpace, type File } from '../../kernel-lib/vma/file.js';
import { CLEAR_REFS_SOFT_DIRTY, clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { HMM_PFN_REQ_FAULT, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import {
  cleanRecordSharedMappingRange,
  wpSharedMappingRange,
} from '../../kernel-lib/walk/mapping-dirty-helpers.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { ptdumpWalkPgd } from '../../kernel-lib/walk/ptdump.js';

const PAGE = 4096;
const PMD = 512;
const PUD = 512 * PMD;

/** A GiB of a device that a process has stored to through one entry of a level. */
class Mapping {
  readonly user: Process;
  readonly file: File;
  readonly at: number;
  readonly warnings: string[] = [];

  constructor(patches: readonly string[], level: 'pmd' | 'pud') {
    const linux = boot({ release: '6.1', with: patches });
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

  /** What is left of the entry. */
  get left(): string {
    if (pudLeaf(pudAt(this.k, this.user.mm.pgd, this.at))) return 'pud';
    return pmdTransHuge(this.k, pmdAt(this.k, this.user.mm.pgd, this.at)) ? 'pmd' : 'none';
  }
}

const hmm = (defaultFlags: number) => (m: Mapping) => {
  const range = { start: m.at, end: m.at + 2 * PAGE, defaultFlags };
  const found = run(hmmRangeFault(m.k, m.user.mm, range));
  return typeof found === 'number' ? String(found) : found.map(({ flags }) => flags).join();
};

const walkers: Readonly<Record<string, (m: Mapping) => string>> = {
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
  pagemap: { pud: '0x0,0x0 none', pmd: '0xa,0xa pmd' },
  mincore: { pud: '0,0 none', pmd: '1,1 pmd' },
  clear_refs: { pud: ' none', pmd: ' pmd' },
  hmm: { pud: '3,3 pud', pmd: '3,3 pmd' },
  'hmm fault': { pud: '3,3 pud', pmd: '3,3 pmd' },
  ptdump: { pud: '2 value pud', pmd: '3 value pmd' },
  wp_shared_mapping_range: { pud: '0 1 pud', pmd: '0 1 pmd' },
  clean_record_shared_mapping_range: { pud: '0 1 pud', pmd: '0 1 pmd' },
};

/** With one thread, it makes no difference how often the walk reads an entry. */
const variants = { before: [], RFC: ['?pagewalk-pud-once'] };

describe.each(Object.keys(walkers))('%s of a device’s memory', (walker) => {
  test.each(['pud', 'pmd'] as const)('that one %s maps', (level) => {
    for (const [variant, patches] of Object.entries(variants)) {
      const m = new Mapping(patches, level);
      const said = walkers[walker]!(m);
      expect(`${said} ${m.left}`, variant).toBe(expected[walker]![level]);
    }
  });
});
