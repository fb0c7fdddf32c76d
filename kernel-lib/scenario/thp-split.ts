import { archById } from '../arch/variants.js';
import type { SplitOperator } from '../patches/thp-split-order.js';
import { variantsOf } from '../patches/variants.js';
import { splitLeaksStores } from './dirty-bits.js';
import { SAME_PAGE, all, cost, costs, lastEntry, reads, replaced } from './facts.js';
import { mkwriteOpens, modifyForgetsDirty } from './hardware-stores.js';
import type { Kernel, Scenario } from './scenario.js';

/** A huge page that was written to, where the architecture has any. */
const written = ['mmap 0 0 H w p anon', 'write 0 0 5 7', 'write 0 0 6 7'];

/** Whether a page that was written to has a dirty entry when mprotect of a part has split its huge page. */
function staysDirty(kernel: Kernel): boolean {
  const operators: readonly SplitOperator[] = variantsOf(kernel.patched).thpSplitOrder.operators;
  const { huge, family } = archById(kernel.arch);
  if (huge === undefined) return !modifyForgetsDirty(kernel);
  // To be open to the MMU and to be written was one on arm64, whoever opened the entry.
  const opensDirty = family === 'arm64' && !kernel.patched.arm64MkwriteAsks;
  return opensDirty || operators.includes('mkdirty if dirty');
}

/** What the split of a huge page does to the entries of its small pages. */
export const thpSplitScenarios: readonly Scenario[] = [
  {
    name: 'thp-split-dirty',
    number: 'D6',
    kind: 'sequential',
    title: 'a huge page that was written to is split: are the entries of its pages dirty?',
    swap: 'dm',
    thp: 'always',
    steps: [...written, 'mprotect 0 0 5 1 r'],
    verdict: (steps) => `the entry is ${lastEntry(steps, 0, 0, 5).dirty ? 'dirty' : 'clean'}`,
    expected: (kernel) => `the entry is ${staysDirty(kernel) ? 'dirty' : 'clean'}`,
    source: '0ccf7f168e17, 624a2c94f5b7, e833bc503405',
    why: 'The split has copied the dirty bit, has not, and has again: no data depends on it, for the folio is dirty.',
  },
  {
    name: 'thp-split-exclusive',
    number: 'D12',
    kind: 'sequential',
    title: 'a huge page of one process is split and made writable again: does a store copy?',
    swap: 'dm',
    thp: 'always',
    steps: [...written, 'mprotect 0 0 5 1 r', 'mprotect 0 0 0 H r', 'mprotect 0 0 0 H w', 'write 0 0 6 8'],
    verdict: all(replaced(0, 0, 6), costs('the store', 'write 0 0 6 8')),
    expected: (kernel) => {
      const dirty = staysDirty(kernel);
      const upgraded = dirty || kernel.patched.cleanExclusiveUpgrade;
      const faults = upgraded && mkwriteOpens(kernel, dirty) ? 0 : 1;
      return `${SAME_PAGE}; ${cost('the store', faults, upgraded ? 0 : 1)}`;
    },
    source: '0ccf7f168e17, d84887739d5c',
    why: 'Each page stays exclusive; while mprotect makes only dirty entries writable, a clean one costs a fault.',
  },
  {
    name: 'thp-split-shared',
    number: 'D13',
    kind: 'sequential',
    title:
      'a huge page that fork shares is split, and a process writes to a page of it: does the other one see that?',
    swap: 'none',
    thp: 'always',
    steps: [...written, 'fork 0 1', 'mprotect 0 0 5 1 r', 'write 0 0 6 9', 'read 1 0 6'],
    verdict: reads('the other process', 'read 1'),
    expected: (kernel) => `the other process reads ${splitLeaksStores(kernel) ? '0x9' : '0x7'}`,
    source: 'e833bc503405, 5436d6556937, bf2f34a506e6',
    why: 'Where making an entry dirty lets the MMU write, write-protection must come last, or a shared page is written in place.',
  },
  {
    name: 'thp-split-clean',
    number: 'D16',
    kind: 'sequential',
    title:
      'a huge page that was given up by MADV_FREE and is shared by fork is split: do its pages stay clean?',
    swap: 'dm',
    thp: 'always',
    steps: [
      'mmap 0 0 H w p anon',
      'fill 0 0 0 H 7',
      'madvise 0 0 0 H FREE',
      'fork 0 1',
      'mprotect 0 0 5 1 r',
    ],
    verdict: (steps) => `the entry is ${lastEntry(steps, 0, 0, 5).dirty ? 'dirty' : 'clean'}`,
    expected: (kernel) => `the entry is ${splitInventsStore(kernel) ? 'dirty' : 'clean'}`,
    source: '1462c52e9f2b; arch/arm64/include/asm/pgtable.h pte_mkwrite, pte_wrprotect',
    why: 'An entry that is made writable and then protected looks written where the one opens it to the MMU and the other remembers that it was open.',
  },
];

/** Whether making an entry writable and then write-protecting it leaves it dirty, and the split does both. */
function splitInventsStore({ arch, patched }: Kernel): boolean {
  const operators: readonly SplitOperator[] = variantsOf(patched).thpSplitOrder.operators;
  const { huge, eras = [], family } = archById(arch);
  if (huge === undefined || !operators.includes('wrprotect unless written')) return false;
  if (family === 'arm64') return !patched.arm64MkwriteAsks;
  return (
    family === 'loongarch' &&
    eras.length > 0 &&
    !patched.loongarchMkwriteAsks &&
    patched.loongarchWrprotectKeepsDirty
  );
}
