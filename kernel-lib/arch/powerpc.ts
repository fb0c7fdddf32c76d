import { type Arch, type BitField, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const predicates = {
  present: '_PAGE_PRESENT',
  write: '_PAGE_RW',
  dirty: '_PAGE_DIRTY',
  young: '_PAGE_ACCESSED',
  exec: '_PAGE_EXEC',
  special: '_PAGE_SPECIAL',
};

const operations = {
  mkwrite: { set: '_PAGE_RW' },
  wrprotect: { clear: '_PAGE_RW' },
  mkdirty: { set: '_PAGE_DIRTY' },
  mkclean: { clear: '_PAGE_DIRTY' },
  mkyoung: { set: '_PAGE_ACCESSED' },
  mkold: { clear: '_PAGE_ACCESSED' },
  mkspecial: { set: '_PAGE_SPECIAL' },
};

const pgprots = {
  PAGE_NONE: '_PAGE_BASE',
  PAGE_SHARED: '_PAGE_BASE | _PAGE_USER | _PAGE_RW',
  PAGE_SHARED_X: '_PAGE_BASE | _PAGE_USER | _PAGE_RW | _PAGE_EXEC',
  PAGE_COPY: '_PAGE_BASE | _PAGE_USER',
  PAGE_COPY_X: '_PAGE_BASE | _PAGE_USER | _PAGE_EXEC',
  PAGE_READONLY: '_PAGE_BASE | _PAGE_USER',
  PAGE_READONLY_X: '_PAGE_BASE | _PAGE_USER | _PAGE_EXEC',
  PAGE_KERNEL: '_PAGE_BASE | _PAGE_DIRTY | _PAGE_RW',
  PAGE_KERNEL_RO: '_PAGE_BASE',
};

const common = {
  family: 'powerpc',
  kconfig: usualKconfig,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  predicates,
  operations,
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots,
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY_X',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY_X',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_X',
  }),
} as const;

/** `swp_entry_t` shifted up by 3, as the 32-bit kernels have it; 64-bit PTEs read back more than was stored. */
const swap32: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/32/pgtable.h:363',
  type: '7:3',
  encodes: { type: '10:3' },
  offset: '31:8',
};

const swap32After: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/32/pgtable.h:378',
  type: '7:3',
  offset: '31:8',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

const beforeSeries = { is: 'v6.1, no exclusive marker', release: 'v6.1' } as const;

const book3s32States: Arch['states'] = {
  before: {
    ...beforeSeries,
    swap: { ...swap32, source: 'arch/powerpc/include/asm/book3s/32/pgtable.h:371' },
  },
  after: {
    is: 'v6.3',
    commit: '8897ebff37fd',
    release: 'v6.3',
    swap: { ...swap32After, source: 'arch/powerpc/include/asm/book3s/32/pgtable.h:383' },
  },
};

const nohash32States: Arch['states'] = {
  before: { ...beforeSeries, swap: swap32 },
  after: { is: 'v6.3', commit: '2bba2ffbe030', release: 'v6.3', swap: swap32After },
};

/** The states of a 64-bit PTE on a 32-bit CPU: decoding sees three bits of the upper word. */
function withWideDecoding({ before, after }: Arch['states']): Arch['states'] {
  return {
    before: { ...before, swap: { ...before.swap, decodes: { offset: '34:8' } } },
    after: { ...after, swap: { ...after.swap, decodes: { offset: '34:8' } } },
  };
}

export const ppcBook3s32: Arch = {
  ...common,
  id: 'ppc_book3s32',
  title: 'PowerPC, 32-bit hash MMU',
  config: 'PPC_BOOK3S_32, !PTE_64BIT',
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/powerpc/include/asm/book3s/32/pgtable.h',
  bits: {
    _PAGE_PRESENT: [0, 21, 'present'],
    _PAGE_HASHPTE: [1, 22, 'an entry of the hash table may exist'],
    _PAGE_USER: [2, 23, 'user mode may access'],
    _PAGE_GUARDED: [3, 24, 'no speculative access'],
    _PAGE_COHERENT: [4, 25, 'coherent between CPUs'],
    _PAGE_NO_CACHE: [5, 26, 'not cached'],
    _PAGE_WRITETHRU: [6, 27, 'write-through'],
    _PAGE_DIRTY: [7, 28, 'written'],
    _PAGE_ACCESSED: [8, 29, 'accessed'],
    _PAGE_EXEC: [9, 30, 'executable'],
    _PAGE_RW: [10, 31, 'writable'],
    _PAGE_SPECIAL: [11, 32, 'no struct page behind it'],
  },
  masks: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_COHERENT',
    PTE_RPN_MASK: '[31:12]',
    _PAGE_CHG_MASK: 'PTE_RPN_MASK | _PAGE_HASHPTE | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_USER',
  },
  pfn: { at: '31:12' },
  predicates: { ...predicates, none: { none: '~_PAGE_HASHPTE' } },
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    store: { all: '_PAGE_PRESENT | _PAGE_USER | _PAGE_RW | _PAGE_DIRTY' },
    note: 'hash_page() makes the entry of the hash table and sets ACCESSED, and DIRTY for a store if RW is set',
  },
  states: book3s32States,
};

export const ppcBook3s32Pte64: Arch = {
  ...ppcBook3s32,
  id: 'ppc_book3s32_pte64',
  title: 'PowerPC, 32-bit hash MMU, 64-bit PTEs',
  config: 'PPC_BOOK3S_32, PTE_64BIT',
  pteBits: 64,
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  masks: { ...ppcBook3s32.masks, PTE_RPN_MASK: '[63:12]' },
  pfn: { at: '43:12' },
  // The upper word of an empty entry may be left over.
  predicates: { ...predicates, none: { none: '~([63:32] | _PAGE_HASHPTE)' } },
  states: withWideDecoding(book3s32States),
};

export const ppcNohash32_40x: Arch = {
  ...common,
  id: 'ppc_nohash32_40x',
  title: 'PowerPC 40x',
  config: '40x',
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/powerpc/include/asm/nohash/32/pte-40x.h',
  bits: {
    _PAGE_GUARDED: [0, 41, 'no speculative access'],
    _PAGE_PRESENT: [1, 42, 'present'],
    _PAGE_NO_CACHE: [2, 43, 'not cached'],
    _PAGE_WRITETHRU: [3, 44, 'write-through'],
    _PAGE_USER: [4, 45, 'user mode may access'],
    _PAGE_SPECIAL: [5, 46, 'no struct page behind it'],
    _PAGE_DIRTY: [7, 47, 'written'],
    _PAGE_RW: [8, 48, 'writable'],
    _PAGE_EXEC: [9, 49, 'executable'],
    _PAGE_ACCESSED: [10, 50, 'accessed'],
  },
  masks: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    _PAGE_CHG_MASK: '[31:12] | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pfn: { at: '31:12' },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_USER | _PAGE_RW | _PAGE_DIRTY' },
    note: 'the TLB handler ands RW with DIRTY: a clean page faults once',
  },
  states: nohash32States,
};

export const ppcNohash32_44x: Arch = {
  ...common,
  id: 'ppc_nohash32_44x',
  title: 'PowerPC 44x',
  config: '44x, PTE_64BIT',
  pteBits: 64,
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  header: 'arch/powerpc/include/asm/nohash/32/pte-44x.h',
  bits: {
    _PAGE_PRESENT: [0, 75, 'present'],
    _PAGE_RW: [1, 76, 'writable'],
    _PAGE_EXEC: [2, 77, 'executable'],
    _PAGE_ACCESSED: [3, 78, 'accessed'],
    _PAGE_DIRTY: [4, 79, 'written'],
    _PAGE_SPECIAL: [5, 80, 'no struct page behind it'],
    _PAGE_USER: [6, 81, 'user mode may access'],
    _PAGE_ENDIAN: [7, 82, 'little endian'],
    _PAGE_GUARDED: [8, 83, 'no speculative access'],
    _PAGE_COHERENT: [9, 84, 'coherent between CPUs'],
    _PAGE_NO_CACHE: [10, 85, 'not cached'],
    _PAGE_WRITETHRU: [11, 86, 'write-through'],
  },
  masks: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    _PAGE_CHG_MASK: '[63:12] | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pfn: { at: '43:12' },
  predicates: { ...predicates, none: { none: '~[63:32]' } },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_USER | _PAGE_RW | _PAGE_DIRTY' },
    note: 'the TLB handler loads SW as RW and DIRTY: a clean page faults once',
  },
  states: withWideDecoding(nohash32States),
};

export const ppcNohash32_8xx4k: Arch = {
  ...common,
  id: 'ppc_nohash32_8xx_4k',
  title: 'PowerPC 8xx, 4 KiB pages',
  config: 'PPC_8xx, PPC_4K_PAGES',
  kconfig: { ...usualKconfig, SWAP: false },
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/powerpc/include/asm/nohash/32/pte-8xx.h',
  bits: {
    _PAGE_PRESENT: [0, 32, 'present'],
    _PAGE_NO_CACHE: [1, 33, 'not cached'],
    _PAGE_SH: [2, 34, 'kernel only; no comparison of address spaces'],
    _PAGE_SPS: [3, 35, '16 KiB page'],
    _PAGE_GUARDED: [4, 41, 'no speculative access'],
    _PAGE_ACCESSED: [5, 42, 'accessed'],
    _PAGE_EXEC: [6, 43, 'executable'],
    _PAGE_SPECIAL: [7, 44, 'no struct page behind it'],
    _PAGE_DIRTY: [8, 36, 'written'],
    _PAGE_RO: ['10:9', 47, 'not writable'],
    _PAGE_HUGE: [11, 49, 'huge page'],
  },
  masks: {
    _PAGE_NA: '[9]',
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    PTE_RPN_MASK: '[31:12]',
    _PAGE_CHG_MASK: 'PTE_RPN_MASK | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pfn: { at: '31:12' },
  predicates: { ...predicates, write: { none: '_PAGE_RO' } },
  operations: { ...operations, mkwrite: { clear: '_PAGE_RO' }, wrprotect: { set: '_PAGE_RO' } },
  pgprots: {
    PAGE_NONE: '_PAGE_BASE | _PAGE_NA',
    PAGE_SHARED: '_PAGE_BASE',
    PAGE_SHARED_X: '_PAGE_BASE | _PAGE_EXEC',
    PAGE_COPY: '_PAGE_BASE | _PAGE_RO',
    PAGE_COPY_X: '_PAGE_BASE | _PAGE_RO | _PAGE_EXEC',
    PAGE_READONLY: '_PAGE_BASE | _PAGE_RO',
    PAGE_READONLY_X: '_PAGE_BASE | _PAGE_RO | _PAGE_EXEC',
    PAGE_KERNEL: '_PAGE_BASE | _PAGE_SH | _PAGE_DIRTY',
    PAGE_KERNEL_RO: '_PAGE_BASE | _PAGE_SH | _PAGE_RO',
  },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: {
      and: [{ all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY' }, { none: '_PAGE_RO | _PAGE_SH' }],
    },
    note: 'the TLB handler loads the entry as it stands; the first store to a clean page faults',
  },
  states: nohash32States,
};

export const ppcNohash32_8xx: Arch = {
  ...ppcNohash32_8xx4k,
  id: 'ppc_nohash32_8xx',
  title: 'PowerPC 8xx, 16 KiB pages',
  config: 'PPC_8xx, PPC_16K_PAGES',
  pageShift: 14,
  levels: vaSplit(14, { pgd: 8, pte: 10 }),
  masks: {
    ...ppcNohash32_8xx4k.masks,
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_SPS',
    PTE_RPN_MASK: '[31:14]',
  },
  pfn: { at: '31:14' },
};

export const ppcNohash32_85xx: Arch = {
  ...common,
  id: 'ppc_nohash32_85xx',
  title: 'PowerPC 85xx (e500), 32-bit PTEs',
  config: 'PPC_85xx, !PTE_64BIT',
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/powerpc/include/asm/nohash/32/pte-85xx.h',
  bits: {
    _PAGE_PRESENT: [0, 20, 'present'],
    _PAGE_USER: [1, 21, 'user mode may access'],
    _PAGE_RW: [2, 22, 'writable'],
    _PAGE_DIRTY: [3, 23, 'written'],
    _PAGE_EXEC: [4, 24, 'executable'],
    _PAGE_ACCESSED: [5, 25, 'accessed'],
    _PAGE_ENDIAN: [6, 27, 'little endian'],
    _PAGE_GUARDED: [7, 28, 'no speculative access'],
    _PAGE_COHERENT: [8, 29, 'coherent between CPUs'],
    _PAGE_NO_CACHE: [9, 30, 'not cached'],
    _PAGE_WRITETHRU: [10, 31, 'write-through'],
    _PAGE_SPECIAL: [11, 32, 'no struct page behind it'],
  },
  masks: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    _PAGE_CHG_MASK: '[31:12] | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pfn: { at: '31:12' },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_USER | _PAGE_RW | _PAGE_DIRTY' },
    note: 'the TLB handler loads SW as RW and DIRTY: a clean page faults once',
  },
  states: nohash32States,
};

const e500Bits: Record<string, BitField> = {
  _PAGE_PRESENT: [0, 13, 'present'],
  _PAGE_SW1: [1, 14, 'software'],
  _PAGE_BAP_SR: [2, 16, 'kernel may read'],
  _PAGE_BAP_UR: [3, 17, 'user may read'],
  _PAGE_BAP_SW: [4, 18, 'kernel may write'],
  _PAGE_BAP_UW: [5, 19, 'user may write'],
  _PAGE_BAP_SX: [6, 20, 'kernel may execute'],
  _PAGE_BAP_UX: [7, 21, 'user may execute'],
  _PAGE_PSIZE_MSK: ['11:8', 22, 'page size'],
  _PAGE_DIRTY: [12, 37, 'written'],
  _PAGE_SW0: [13, 38, 'no struct page behind it'],
  _PAGE_ACCESSED: [18, 43, 'accessed'],
  _PAGE_ENDIAN: [19, 44, 'little endian'],
  _PAGE_GUARDED: [20, 45, 'no speculative access'],
  _PAGE_COHERENT: [21, 46, 'coherent between CPUs'],
  _PAGE_NO_CACHE: [22, 47, 'not cached'],
  _PAGE_WRITETHRU: [23, 48, 'write-through'],
};

const e500 = {
  ...common,
  pteBits: 64,
  header: 'arch/powerpc/include/asm/nohash/pte-e500.h',
  bits: e500Bits,
  masks: {
    _PAGE_SPECIAL: '_PAGE_SW0',
    _PAGE_EXEC: '_PAGE_BAP_SX | _PAGE_BAP_UX',
    _PAGE_RW: '_PAGE_BAP_SW | _PAGE_BAP_UW',
    _PAGE_USER: '_PAGE_BAP_UR | _PAGE_BAP_SR',
    _PAGE_PSIZE_4K: '[9]',
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_PSIZE_4K | _PAGE_COHERENT',
    _PAGE_CHG_MASK: '[63:24] | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pgprots: {
    ...pgprots,
    PAGE_SHARED_X: 'PAGE_SHARED | _PAGE_BAP_UX',
    PAGE_COPY_X: 'PAGE_COPY | _PAGE_BAP_UX',
    PAGE_READONLY_X: 'PAGE_READONLY | _PAGE_BAP_UX',
    PAGE_KERNEL: '_PAGE_BASE | _PAGE_BAP_SW | _PAGE_BAP_SR | _PAGE_DIRTY',
    PAGE_KERNEL_RO: '_PAGE_BASE | _PAGE_BAP_SR',
  },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_BAP_UW | _PAGE_DIRTY' },
    note: 'the TLB handler withholds writing while DIRTY is clear',
  },
} as const;

export const ppcNohash32_e500Pte64: Arch = {
  ...e500,
  id: 'ppc_nohash32_e500_pte64',
  title: 'PowerPC e500, 32-bit, 64-bit PTEs',
  config: 'PPC_85xx, PTE_64BIT',
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  pfn: { at: '55:24' },
  predicates: { ...predicates, none: { none: '~[63:32]' } },
  states: withWideDecoding(nohash32States),
};

const nohash64Swap: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/64/pgtable.h:285',
  type: '6:2',
  encodes: { type: '9:2' },
  offset: '63:24',
};

export const ppcNohash64_e500: Arch = {
  ...e500,
  id: 'ppc_nohash64_e500',
  title: 'PowerPC e500, 64-bit',
  config: 'PPC_BOOK3E_64',
  longBits: 64,
  physBits: 44,
  levels: vaSplit(12, { pgd: 9, pud: 9, pmd: 7, pte: 9 }),
  masks: { ...e500.masks, _PAGE_SWP_EXCLUSIVE: '_PAGE_BAP_UX' },
  pfn: { at: '63:24' },
  states: {
    before: { ...beforeSeries, swap: nohash64Swap },
    after: {
      is: 'v6.3',
      commit: '2bba2ffbe030',
      release: 'v6.3',
      swap: {
        source: 'arch/powerpc/include/asm/nohash/64/pgtable.h:300',
        type: '6:2',
        offset: '63:24',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

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
  hardware: {
    walker: 'hardware',
    young: 'fault',
    dirty: 'fault',
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
