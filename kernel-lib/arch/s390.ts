import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swap: SwapLayout = {
  source: 'arch/s390/include/asm/pgtable.h:1751',
  type: '6:2',
  offset: '63:12',
  fixed: '_PAGE_INVALID | _PAGE_PROTECT',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
  softDirty: '_PAGE_SOFT_DIRTY',
};

/** The MMU may use an entry only while it is young, and write through it only while it is dirty. */
const mkyoung = [{ set: '_PAGE_YOUNG' }, { when: '_PAGE_READ', clear: '_PAGE_INVALID' }];

export const s390: Arch = {
  id: 's390',
  title: 'IBM Z',
  family: 's390',
  config: 'MEM_SOFT_DIRTY',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 46,
  levels: vaSplit(12, { pgd: 11, p4d: 11, pud: 11, pmd: 11, pte: 8 }),
  header: 'arch/s390/include/asm/pgtable.h',
  bits: {
    _PAGE_PRESENT: [0, 170, 'present'],
    _PAGE_SOFT_DIRTY: [1, 179, 'written since clear_refs'],
    _PAGE_YOUNG: [2, 171, 'accessed'],
    _PAGE_DIRTY: [3, 172, 'written'],
    _PAGE_READ: [4, 173, 'readable'],
    _PAGE_WRITE: [5, 174, 'writable'],
    _PAGE_SPECIAL: [6, 175, 'no struct page behind it'],
    _PAGE_UNUSED: [7, 176, 'unused page of a guest'],
    _PAGE_NOEXEC: [8, 164, 'no execution'],
    _PAGE_PROTECT: [9, 165, 'the MMU refuses stores'],
    _PAGE_INVALID: [10, 166, 'the MMU refuses every access'],
    _PAGE_LARGE: [11, 167, 'huge page'],
  },
  masks: {
    _PAGE_CHG_MASK: '[63:12] | _PAGE_SPECIAL | _PAGE_DIRTY | _PAGE_YOUNG | _PAGE_SOFT_DIRTY',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_LARGE',
  },
  pfn: { at: '63:12', last: mkyoung },
  empty: '_PAGE_INVALID',
  predicates: {
    none: { of: '~0', is: '_PAGE_INVALID' },
    present: '_PAGE_PRESENT',
    protnone: { and: ['_PAGE_PRESENT', { none: '_PAGE_READ' }] },
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_YOUNG',
    exec: { none: '_PAGE_NOEXEC' },
    special: '_PAGE_SPECIAL',
    softDirty: '_PAGE_SOFT_DIRTY',
  },
  operations: {
    mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_DIRTY', clear: '_PAGE_PROTECT' }],
    wrprotect: { clear: '_PAGE_WRITE', set: '_PAGE_PROTECT' },
    mkdirty: [{ set: '_PAGE_DIRTY | _PAGE_SOFT_DIRTY' }, { when: '_PAGE_WRITE', clear: '_PAGE_PROTECT' }],
    mkclean: { clear: '_PAGE_DIRTY', set: '_PAGE_PROTECT' },
    mkyoung,
    mkold: { clear: '_PAGE_YOUNG', set: '_PAGE_INVALID' },
    mkspecial: { set: '_PAGE_SPECIAL' },
    mksoftDirty: { set: '_PAGE_SOFT_DIRTY' },
    clearSoftDirty: { clear: '_PAGE_SOFT_DIRTY' },
  },
  modify: {
    keep: '_PAGE_CHG_MASK',
    last: [
      { when: { all: '_PAGE_YOUNG | _PAGE_READ' }, clear: '_PAGE_INVALID' },
      { when: { all: '_PAGE_DIRTY | _PAGE_WRITE' }, clear: '_PAGE_PROTECT' },
    ],
  },
  pgprots: {
    PAGE_NONE: '_PAGE_PRESENT | _PAGE_INVALID | _PAGE_PROTECT',
    PAGE_RO: '_PAGE_PRESENT | _PAGE_READ | _PAGE_NOEXEC | _PAGE_INVALID | _PAGE_PROTECT',
    PAGE_RX: '_PAGE_PRESENT | _PAGE_READ | _PAGE_INVALID | _PAGE_PROTECT',
    PAGE_RW: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_NOEXEC | _PAGE_INVALID | _PAGE_PROTECT',
    PAGE_RWX: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_INVALID | _PAGE_PROTECT',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_YOUNG | _PAGE_DIRTY | _PAGE_NOEXEC',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_YOUNG | _PAGE_DIRTY | _PAGE_NOEXEC',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_RO',
    readExec: 'PAGE_RX',
    copy: 'PAGE_RO',
    copyExec: 'PAGE_RX',
    shared: 'PAGE_RW',
    sharedExec: 'PAGE_RWX',
  }),
  hardware: {
    walker: 'hardware',
    young: 'fault',
    dirty: 'fault',
    load: { and: ['_PAGE_PRESENT', { none: '_PAGE_INVALID' }] },
    store: { and: ['_PAGE_PRESENT', { none: '_PAGE_INVALID | _PAGE_PROTECT' }] },
    note: 'old means invalid and clean means protected, so that the first access and the first store fault',
  },
  states: {
    before: { is: 'v6.1; the exclusive marker came with v5.19', release: 'v6.1', swap },
    after: {
      is: 'v6.3',
      release: 'v6.3',
      swap: { ...swap, source: 'arch/s390/include/asm/pgtable.h:1815' },
    },
  },
};
