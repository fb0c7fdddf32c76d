import { type Arch, type HugeLayout, type SwapLayout } from './arch.js';
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

/** Entries of segment tables, which map 1 MiB, and of region-third tables, which map 2 GiB, have bits of their own. */
const segment: HugeLayout['leaf'] = {
  header: 'arch/s390/include/asm/pgtable.h',
  bits: {
    _SEGMENT_ENTRY_READ: [0, 292, 'readable'],
    _SEGMENT_ENTRY_WRITE: [1, 291, 'writable'],
    _SEGMENT_ENTRY_TYPE_MASK: ['3:2', 283, 'table type, 0'],
    _SEGMENT_ENTRY_INVALID: [5, 282, 'the MMU refuses every access'],
    _SEGMENT_ENTRY_NOEXEC: [8, 281, 'no execution'],
    _SEGMENT_ENTRY_PROTECT: [9, 280, 'the MMU refuses stores'],
    _SEGMENT_ENTRY_LARGE: [10, 290, 'huge page'],
    _SEGMENT_ENTRY_YOUNG: [12, 289, 'accessed'],
    _SEGMENT_ENTRY_DIRTY: [13, 288, 'written'],
    _SEGMENT_ENTRY_SOFT_DIRTY: [14, 295, 'written since clear_refs'],
  },
  masks: {},
  pfn: { at: '63:20 -8' },
  empty: '_SEGMENT_ENTRY_INVALID',
  predicates: {
    none: { of: '~0', is: '_SEGMENT_ENTRY_INVALID' },
    present: { not: { of: '~0', is: '_SEGMENT_ENTRY_INVALID' } },
    protnone: { and: ['_SEGMENT_ENTRY_LARGE', { none: '_SEGMENT_ENTRY_READ' }] },
    write: '_SEGMENT_ENTRY_WRITE',
    dirty: '_SEGMENT_ENTRY_DIRTY',
    young: '_SEGMENT_ENTRY_YOUNG',
    exec: { none: '_SEGMENT_ENTRY_NOEXEC' },
    softDirty: '_SEGMENT_ENTRY_SOFT_DIRTY',
  },
  operations: {
    mkwrite: [
      { set: '_SEGMENT_ENTRY_WRITE' },
      { when: '_SEGMENT_ENTRY_DIRTY', clear: '_SEGMENT_ENTRY_PROTECT' },
    ],
    wrprotect: { clear: '_SEGMENT_ENTRY_WRITE', set: '_SEGMENT_ENTRY_PROTECT' },
    mkdirty: [
      { set: '_SEGMENT_ENTRY_DIRTY | _SEGMENT_ENTRY_SOFT_DIRTY' },
      { when: '_SEGMENT_ENTRY_WRITE', clear: '_SEGMENT_ENTRY_PROTECT' },
    ],
    mkclean: { clear: '_SEGMENT_ENTRY_DIRTY', set: '_SEGMENT_ENTRY_PROTECT' },
    mkyoung: [
      { set: '_SEGMENT_ENTRY_YOUNG' },
      { when: '_SEGMENT_ENTRY_READ', clear: '_SEGMENT_ENTRY_INVALID' },
    ],
    mkold: { clear: '_SEGMENT_ENTRY_YOUNG', set: '_SEGMENT_ENTRY_INVALID' },
    mksoftDirty: { set: '_SEGMENT_ENTRY_SOFT_DIRTY' },
    clearSoftDirty: { clear: '_SEGMENT_ENTRY_SOFT_DIRTY' },
  },
  modify: {
    keep: '[63:20] | _SEGMENT_ENTRY_DIRTY | _SEGMENT_ENTRY_YOUNG | _SEGMENT_ENTRY_LARGE | _SEGMENT_ENTRY_SOFT_DIRTY',
    last: [
      { when: { none: '_SEGMENT_ENTRY_DIRTY' }, set: '_SEGMENT_ENTRY_PROTECT' },
      { when: { none: '_SEGMENT_ENTRY_YOUNG' }, set: '_SEGMENT_ENTRY_INVALID' },
    ],
  },
  /** SEGMENT_NONE and so on, by the protection of a PTE that `massage_pgprot_pmd()` makes them from. */
  pgprots: {
    PAGE_NONE: '_SEGMENT_ENTRY_INVALID | _SEGMENT_ENTRY_PROTECT',
    PAGE_RO: '_SEGMENT_ENTRY_PROTECT | _SEGMENT_ENTRY_READ | _SEGMENT_ENTRY_NOEXEC',
    PAGE_RX: '_SEGMENT_ENTRY_PROTECT | _SEGMENT_ENTRY_READ',
    PAGE_RW: '_SEGMENT_ENTRY_READ | _SEGMENT_ENTRY_WRITE | _SEGMENT_ENTRY_NOEXEC',
    PAGE_RWX: '_SEGMENT_ENTRY_READ | _SEGMENT_ENTRY_WRITE',
  },
  seenAs: {
    moves: {
      _SEGMENT_ENTRY_READ: '_PAGE_READ',
      _SEGMENT_ENTRY_WRITE: '_PAGE_WRITE',
      _SEGMENT_ENTRY_INVALID: '_PAGE_INVALID',
      _SEGMENT_ENTRY_PROTECT: '_PAGE_PROTECT',
      _SEGMENT_ENTRY_DIRTY: '_PAGE_DIRTY',
      _SEGMENT_ENTRY_YOUNG: '_PAGE_YOUNG',
      _SEGMENT_ENTRY_SOFT_DIRTY: '_PAGE_SOFT_DIRTY',
      _SEGMENT_ENTRY_NOEXEC: '_PAGE_NOEXEC',
    },
    leaf: '_SEGMENT_ENTRY_LARGE',
    pte: '_PAGE_LARGE | _PAGE_PRESENT',
  },
};

/**
 * The bits for reading and writing are those of segment tables exchanged, until April 2024. hugetlb converts by the names
 * of those, so that what it may only read looks writable to `pud_write()`.
 */
const region3: HugeLayout['pudLeaf'] = {
  header: 'arch/s390/include/asm/pgtable.h',
  bits: {
    _REGION3_ENTRY_WRITE: [0, 264, 'writable'],
    _REGION3_ENTRY_READ: [1, 263, 'readable'],
    _REGION_ENTRY_TYPE_MASK: ['3:2', 246, 'table type, 1'],
    _REGION_ENTRY_INVALID: [5, 245, 'the MMU refuses every access'],
    _REGION_ENTRY_NOEXEC: [8, 243, 'no execution'],
    _REGION_ENTRY_PROTECT: [9, 242, 'the MMU refuses stores'],
    _REGION3_ENTRY_LARGE: [10, 262, 'huge page'],
    _REGION3_ENTRY_YOUNG: [12, 261, 'accessed'],
    _REGION3_ENTRY_DIRTY: [13, 260, 'written'],
    _REGION3_ENTRY_SOFT_DIRTY: [14, 267, 'written since clear_refs'],
  },
  masks: { _REGION_ENTRY_TYPE_R3: '[2]' },
  pfn: { at: '63:31 -19' },
  empty: '_REGION_ENTRY_TYPE_R3 | _REGION_ENTRY_INVALID',
  predicates: {
    none: { of: '~0', is: '_REGION_ENTRY_TYPE_R3 | _REGION_ENTRY_INVALID' },
    present: '[63:12]',
    write: '_REGION3_ENTRY_WRITE',
    dirty: '_REGION3_ENTRY_DIRTY',
    young: '_REGION3_ENTRY_YOUNG',
    exec: { none: '_REGION_ENTRY_NOEXEC' },
    softDirty: '_REGION3_ENTRY_SOFT_DIRTY',
  },
};

/**
 * Segment tables hold no swap entries: huge pages are split to move, and hugetlb loses markers, so that what 8a13897fb0da
 * poisons is missing again. f934f6be76c1, which gave them some in 2025, is not modelled.
 */
const huge: HugeLayout = {
  mkhuge: { set: '_SEGMENT_ENTRY_LARGE | _SEGMENT_ENTRY_YOUNG | _SEGMENT_ENTRY_PROTECT' },
  transHuge: '_SEGMENT_ENTRY_LARGE',
  present: { not: { of: '~0', is: '_SEGMENT_ENTRY_INVALID' } },
  mkinvalid: { set: '_SEGMENT_ENTRY_INVALID' },
  leaf: segment,
  pudLeaf: region3,
};

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
  huge,
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
