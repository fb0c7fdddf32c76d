import { type Arch, type SwapLayout } from './arch.js';
import { common } from './powerpc.js';
import { vaSplit } from './shorthand.js';

const book3s64Swap: SwapLayout = {
  source: 'arch/powerpc/include/asm/book3s/64/pgtable.h:720',
  type: '4:0',
  encodes: { type: '7:0' },
  offset: '52:12',
  fixed: '_PAGE_PTE',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
  softDirty: '_PAGE_SWP_SOFT_DIRTY',
};

/** Entries lie in memory in big endian whatever the kernel's byte order. */
export const ppcBook3s64_4k: Arch = {
  ...common,
  id: 'ppc_book3s64_4k',
  title: 'PowerPC, 64-bit book 3S, 4 KiB pages',
  config: 'PPC_BOOK3S_64, PPC_4K_PAGES',
  pteBits: 64,
  longBits: 64,
  physBits: 51,
  levels: vaSplit(12, { pgd: 13, pud: 9, pmd: 9, pte: 9 }),
  header: 'arch/powerpc/include/asm/book3s/64/pgtable.h',
  bits: {
    _PAGE_EXEC: [0, 17, 'executable'],
    _PAGE_WRITE: [1, 18, 'writable'],
    _PAGE_READ: [2, 19, 'readable'],
    _PAGE_PRIVILEGED: [3, 22, 'kernel only'],
    _PAGE_CACHE_CTL: ['5:4', 837, 'memory type'],
    _PAGE_DIRTY: [7, 26, 'written'],
    _PAGE_ACCESSED: [8, 27, 'accessed'],
    _PAGE_SOFT_DIRTY: [9, 91, 'written since clear_refs'],
    _PAGE_SPECIAL: [10, 92, 'no struct page behind it'],
    _PAGE_DEVMAP: [11, 93, 'device memory with a struct page'],
    _RPAGE_PKEY: ['60:56', 41, 'protection key'],
    _PAGE_INVALID: [61, 54, 'present while the MMU may not use it'],
    _PAGE_PTE: [62, 43, 'an entry, not a pointer to a table'],
    _PAGE_PRESENT: [63, 44, 'the MMU may use the entry'],
  },
  masks: {
    _PAGE_RW: '_PAGE_READ | _PAGE_WRITE',
    _PAGE_RWX: '_PAGE_READ | _PAGE_WRITE | _PAGE_EXEC',
    _PAGE_NON_IDEMPOTENT: '[5]',
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    PTE_RPN_MASK: '[52:12]',
    _PAGE_HPTEFLAGS: '[60] | [56:53] | [6]',
    _PAGE_CHG_MASK:
      'PTE_RPN_MASK | _PAGE_HPTEFLAGS | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL | _PAGE_PTE | _PAGE_SOFT_DIRTY | _PAGE_DEVMAP',
    _PAGE_SWP_SOFT_DIRTY: '_PAGE_SOFT_DIRTY',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_NON_IDEMPOTENT',
  },
  pfn: { at: '52:12', fixed: '_PAGE_PTE' },
  // As the radix MMU has them.
  huge: {
    mkhuge: { set: '_PAGE_PTE' },
    transHuge: {
      and: ['_PAGE_PRESENT | _PAGE_INVALID', { of: '_PAGE_PTE | _PAGE_DEVMAP', is: '_PAGE_PTE' }],
    },
    present: '_PAGE_PRESENT | _PAGE_INVALID',
    mkinvalid: { clear: '_PAGE_PRESENT', set: '_PAGE_INVALID' },
    migration: '0',
    hugetlbMigration: true,
  },
  predicates: {
    present: { or: [{ all: '_PAGE_PRESENT | _PAGE_PTE' }, { all: '_PAGE_INVALID | _PAGE_PTE' }] },
    protnone: {
      of: '_PAGE_PRESENT | _PAGE_PTE | _PAGE_RWX',
      is: '_PAGE_PRESENT | _PAGE_PTE',
    },
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_EXEC',
    special: '_PAGE_SPECIAL',
    softDirty: '_PAGE_SOFT_DIRTY',
  },
  operations: {
    mkwrite: { set: '_PAGE_RW' },
    wrprotect: { clear: '_PAGE_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY | _PAGE_SOFT_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
    mkspecial: { set: '_PAGE_SPECIAL' },
    mksoftDirty: { set: '_PAGE_SOFT_DIRTY' },
    clearSoftDirty: { clear: '_PAGE_SOFT_DIRTY' },
  },
  pgprots: {
    PAGE_NONE: '_PAGE_BASE | _PAGE_PRIVILEGED',
    PAGE_SHARED: '_PAGE_BASE | _PAGE_RW',
    PAGE_SHARED_X: '_PAGE_BASE | _PAGE_RW | _PAGE_EXEC',
    PAGE_COPY: '_PAGE_BASE | _PAGE_READ',
    PAGE_COPY_X: '_PAGE_BASE | _PAGE_READ | _PAGE_EXEC',
    PAGE_READONLY: '_PAGE_BASE | _PAGE_READ',
    PAGE_READONLY_X: '_PAGE_BASE | _PAGE_READ | _PAGE_EXEC',
    PAGE_EXECONLY: '_PAGE_BASE | _PAGE_EXEC',
    PAGE_KERNEL: '_PAGE_BASE | _PAGE_PRIVILEGED | _PAGE_RW | _PAGE_DIRTY',
  },
  clearsYoungUnflushed: 'pte and pmd',
  hardware: {
    walker: 'hardware',
    young: 'fault',
    dirty: 'fault',
    load: { and: [{ all: '_PAGE_PRESENT | _PAGE_READ | _PAGE_ACCESSED' }, { none: '_PAGE_PRIVILEGED' }] },
    store: { and: [{ all: '_PAGE_PRESENT | _PAGE_WRITE | _PAGE_DIRTY' }, { none: '_PAGE_PRIVILEGED' }] },
    note: 'radix walks in hardware, hash through the hash table; the kernel sets ACCESSED and DIRTY',
  },
  states: {
    before: {
      is: 'v6.1; the exclusive marker came with v5.19',
      release: 'v6.1',
      swap: book3s64Swap,
    },
    after: {
      is: 'v6.3',
      release: 'v6.3',
      swap: { ...book3s64Swap, source: 'arch/powerpc/include/asm/book3s/64/pgtable.h:680' },
    },
  },
};

export const ppcBook3s64_64k: Arch = {
  ...ppcBook3s64_4k,
  id: 'ppc_book3s64_64k',
  title: 'PowerPC, 64-bit book 3S, 64 KiB pages',
  config: 'PPC_BOOK3S_64, PPC_64K_PAGES',
  pageShift: 16,
  levels: vaSplit(16, { pgd: 13, pud: 9, pmd: 9, pte: 5 }),
  masks: {
    ...ppcBook3s64_4k.masks,
    PTE_RPN_MASK: '[52:16]',
    _PAGE_HPTEFLAGS: '[55] | [12] | [6]',
  },
  pfn: { at: '52:16', fixed: '_PAGE_PTE' },
  states: {
    before: { ...ppcBook3s64_4k.states.before, swap: { ...book3s64Swap, offset: '52:16' } },
    after: {
      ...ppcBook3s64_4k.states.after,
      swap: { ...ppcBook3s64_4k.states.after.swap, offset: '52:16' },
    },
  },
};
