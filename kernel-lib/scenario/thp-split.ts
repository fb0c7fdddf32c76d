import { archById } from '../arch/variants.js';
import type { SplitOperator } from '../patches/thp-split-order.js';
import { variantsOf } from '../patches/variants.js';
import { SAME_PAGE, all, cost, costs, lastEntry, replaced } from './facts.js';
import type { Kernel, Scenario } from './scenario.js';

/** A huge page that was written to, where the architecture has any. */
const written = ['mmap 0 0 512 w p anon', 'write 0 0 5 7', 'write 0 0 6 7'];

/** Whether a page that was written to has a dirty entry when mprotect of a part has split its huge page. */
function staysDirty({ arch, patched }: Kernel): boolean {
  const operators: readonly SplitOperator[] = variantsOf(patched).thpSplitOrder.operators;
  return archById(arch).huge === undefined || operators.includes('mkdirty if dirty');
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
    steps: [
      ...written,
      'mprotect 0 0 5 1 r',
      'mprotect 0 0 0 512 r',
      'mprotect 0 0 0 512 w',
      'write 0 0 6 8',
    ],
    verdict: all(replaced(0, 0, 6), costs('the store', 'write 0 0 6 8')),
    expected: (kernel) => {
      const upgraded = staysDirty(kernel) || kernel.patched.cleanExclusiveUpgrade;
      return `${SAME_PAGE}; ${cost('the store', upgraded ? 0 : 1, upgraded ? 0 : 1)}`;
    },
    source: '0ccf7f168e17, d84887739d5c',
    why: 'Each page stays exclusive; while mprotect makes only dirty entries writable, a clean one costs a fault.',
  },
];
