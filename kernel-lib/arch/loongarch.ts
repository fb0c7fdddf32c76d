import { type Arch, type ArchState, type HugeLayout, type Operations, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/loongarch/include/asm/pgtable.h:253',
  type: '23:16',
  offset: '63:24',
};

const swapAfter: SwapLayout = {
  source: 'arch/loongarch/include/asm/pgtable.h:271',
  type: '22:16',
  offset: '63:24',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

/** Until November 2022 an entry became writable for the MMU no matter whether it was dirty or writable. */
const unconditional: Partial<Operations> = {
  mkdirty: { set: '_PAGE_DIRTY | _PAGE_MODIFIED' },
  mkwrite: { set: '_PAGE_WRITE | _PAGE_DIRTY' },
};

/** The first mend, bf2f34a506e6: pte_mkdirty() asks, pte_mkwrite() does not yet. */
const mkdirtyAsks: Partial<Operations> = { mkwrite: { set: '_PAGE_WRITE | _PAGE_DIRTY' } };

/** The hardware-writable bit, which a walker in hardware sets alone, becomes the software-dirty one. */
const keepsDirty: Pick<ArchState, 'operations'> = {
  operations: {
    wrprotect: [{ when: '_PAGE_DIRTY', set: '_PAGE_MODIFIED' }, { clear: '_PAGE_WRITE | _PAGE_DIRTY' }],
  },
};

/** The same for a change of the protection, which came with the walker. */
const modifyKeepsDirty: Pick<ArchState, 'modify'> = {
  modify: {
    first: { when: '_PAGE_DIRTY', set: '_PAGE_MODIFIED' },
    keep: '_PAGE_CHG_MASK',
    take: '~_PAGE_CHG_MASK',
  },
};

const before: ArchState = { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore };
const after: ArchState = {
  is: 'v6.3: pte_mkdirty() asks for _PAGE_WRITE, pte_mkwrite() for _PAGE_MODIFIED',
  commit: 'ad3150f11b09',
  release: 'v6.3',
  swap: swapAfter,
};
const beforeStable: ArchState = {
  is: '6.1.192: pte_wrprotect() and pte_modify() turn the hardware-writable bit into _PAGE_MODIFIED',
  release: 'v6.1',
  swap: swapBefore,
  ...keepsDirty,
  ...modifyKeepsDirty,
};

/** In a leaf of a higher level the bit of GLOBAL says that it is one, and GLOBAL itself lies elsewhere. */
const huge: HugeLayout = {
  mkhuge: [{ when: '_PAGE_GLOBAL', set: '_PAGE_HGLOBAL' }, { set: '_PAGE_HUGE' }],
  transHuge: { and: ['_PAGE_HUGE', '_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_PRESENT_INVALID'] },
  present: { and: ['_PAGE_HUGE', '_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_PRESENT_INVALID'] },
  mkinvalid: {
    set: '_PAGE_PRESENT_INVALID',
    clear: '_PAGE_PRESENT | _PAGE_VALID | _PAGE_DIRTY | _PAGE_PROTNONE',
  },
};

export const loongarch64_16k: Arch = {
  id: 'loongarch64_16k',
  title: 'LoongArch, 16 KiB pages',
  family: 'loongarch',
  config: '16KB_3LEVEL',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 14,
  physBits: 48,
  levels: vaSplit(14, { pgd: 11, pmd: 11, pte: 11 }),
  header: 'arch/loongarch/include/asm/pgtable-bits.h',
  bits: {
    _PAGE_VALID: [0, 39, 'the MMU may use the entry; accessed'],
    _PAGE_DIRTY: [1, 40, 'the MMU lets stores through'],
    _PAGE_PLV: ['3:2', 41, 'least privilege that may access'],
    _CACHE_MASK: ['5:4', 48, 'memory type'],
    _PAGE_GLOBAL: [6, 42, 'survives address-space switches'],
    _PAGE_PRESENT: [7, 30, 'present'],
    _PAGE_WRITE: [8, 32, 'writable'],
    _PAGE_MODIFIED: [9, 34, 'written'],
    _PAGE_PROTNONE: [10, 35, 'PROT_NONE'],
    _PAGE_SPECIAL: [11, 36, 'no struct page behind it'],
    _PAGE_NO_READ: [61, 45, 'no reading'],
    _PAGE_NO_EXEC: [62, 46, 'no execution'],
    _PAGE_RPLV: [63, 47, 'only the given privilege may access'],
  },
  masks: {
    _PAGE_ACCESSED: '_PAGE_VALID',
    _PFN_MASK: '[47:14]',
    _PAGE_USER: '_PAGE_PLV',
    _CACHE_CC: '[4]',
    _PAGE_CHG_MASK: '_PAGE_MODIFIED | _PAGE_SPECIAL | _PFN_MASK | _CACHE_MASK | _PAGE_PLV',
    _PAGE_HUGE: '_PAGE_GLOBAL',
    _PAGE_HGLOBAL: '[12]',
    _PAGE_PRESENT_INVALID: '[60]',
    _PAGE_SWP_EXCLUSIVE: '[23]',
  },
  huge: { ...huge, migration: '_PAGE_HUGE' },
  pfn: { at: '47:14', unmasked: true },
  predicates: {
    none: { none: '~_PAGE_GLOBAL' },
    present: '_PAGE_PRESENT | _PAGE_PROTNONE',
    protnone: '_PAGE_PROTNONE',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_MODIFIED',
    young: '_PAGE_ACCESSED',
    exec: { none: '_PAGE_NO_EXEC' },
    special: '_PAGE_SPECIAL',
  },
  operations: {
    mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_MODIFIED', set: '_PAGE_DIRTY' }],
    wrprotect: { clear: '_PAGE_WRITE | _PAGE_DIRTY' },
    mkdirty: [{ set: '_PAGE_MODIFIED' }, { when: '_PAGE_WRITE', set: '_PAGE_DIRTY' }],
    mkclean: { clear: '_PAGE_DIRTY | _PAGE_MODIFIED' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
    mkspecial: { set: '_PAGE_SPECIAL' },
  },
  modify: { keep: '_PAGE_CHG_MASK', take: '~_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_PROTNONE | _PAGE_NO_READ | _PAGE_USER | _CACHE_CC',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_WRITE | _PAGE_USER | _CACHE_CC',
    PAGE_READONLY: '_PAGE_PRESENT | _PAGE_USER | _CACHE_CC',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_VALID | _PAGE_DIRTY | _PAGE_WRITE | _PAGE_GLOBAL | _CACHE_CC',
  },
  protectionMap: protections({
    none: 'PAGE_NONE | _PAGE_NO_EXEC',
    read: 'PAGE_READONLY | _PAGE_VALID | _PAGE_NO_EXEC',
    readExec: 'PAGE_READONLY | _PAGE_VALID',
    copy: 'PAGE_READONLY | _PAGE_VALID | _PAGE_NO_EXEC',
    copyExec: 'PAGE_READONLY | _PAGE_VALID',
    shared: 'PAGE_SHARED | _PAGE_VALID | _PAGE_NO_EXEC',
    sharedExec: 'PAGE_SHARED | _PAGE_VALID',
  }),
  hardware: {
    walker: 'hardware',
    young: 'handler',
    dirty: 'handler',
    load: '_PAGE_VALID',
    store: { all: '_PAGE_VALID | _PAGE_DIRTY' },
    onLoad: { when: '_PAGE_PRESENT', set: '_PAGE_VALID' },
    // A store through a valid and hardware-writable entry raises no exception: nobody notes it.
    onStore: {
      when: { and: [{ all: '_PAGE_PRESENT | _PAGE_WRITE' }, { not: { all: '_PAGE_VALID | _PAGE_DIRTY' } }] },
      set: '_PAGE_VALID | _PAGE_DIRTY | _PAGE_MODIFIED',
    },
    note: 'the TLB exceptions set VALID, DIRTY and MODIFIED on a store if WRITE is set; once DIRTY is, mm hears no more of stores',
  },
  states: {
    before,
    after,
    'before-stable': beforeStable,
    'dirty-unconditional': {
      is: 'until November 2022: pte_mkdirty() and pte_mkwrite() always make the entry writable for the MMU (reconstructed)',
      release: 'v6.1',
      swap: swapBefore,
      operations: unconditional,
    },
    'mkdirty-asks': {
      is: 'bf2f34a506e6: pte_mkdirty() asks for _PAGE_WRITE, pte_mkwrite() asks nothing (reconstructed)',
      commit: 'bf2f34a506e6',
      release: 'v6.1',
      swap: swapBefore,
      operations: mkdirtyAsks,
    },
  },
  eras: [
    { patch: 'loongarchMkdirtyAsks', holds: 'before', operations: { mkdirty: unconditional.mkdirty! } },
    { patch: 'loongarchMkwriteAsks', holds: 'before', operations: { mkwrite: unconditional.mkwrite! } },
    {
      patch: 'loongarchDirtyIsHardware',
      holds: 'since',
      predicates: { dirty: '_PAGE_DIRTY | _PAGE_MODIFIED' },
      ...modifyKeepsDirty,
    },
    { patch: 'loongarchWrprotectKeepsDirty', holds: 'since', ...keepsDirty },
  ],
  cpus: {
    ptw: {
      walker: 'hardware',
      young: 'walker',
      dirty: 'walker',
      load: '_PAGE_VALID',
      store: { all: '_PAGE_VALID | _PAGE_DIRTY' },
      onLoad: { when: '_PAGE_PRESENT', set: '_PAGE_VALID' },
      onStore: { when: { all: '_PAGE_PRESENT | _PAGE_WRITE' }, set: '_PAGE_VALID | _PAGE_DIRTY' },
      note: '3A6000: the walker itself sets VALID, and DIRTY on a store if WRITE is set, but not MODIFIED',
    },
  },
};

export const loongarch64_4k: Arch = {
  ...loongarch64_16k,
  id: 'loongarch64_4k',
  title: 'LoongArch, 4 KiB pages',
  // MODEL: Linux moves huge pages whole here, too, but "young" in their migration entries is _PAGE_PRESENT_INVALID.
  huge,
  config: '4KB_3LEVEL',
  pageShift: 12,
  levels: vaSplit(12, { pgd: 9, pmd: 9, pte: 9 }),
  masks: { ...loongarch64_16k.masks, _PFN_MASK: '[47:12]' },
  pfn: { at: '47:12', unmasked: true },
};

export const loongarch64_64k: Arch = {
  ...loongarch64_16k,
  id: 'loongarch64_64k',
  title: 'LoongArch, 64 KiB pages',
  config: '64KB_3LEVEL',
  pageShift: 16,
  levels: vaSplit(16, { pgd: 13, pmd: 13, pte: 13 }),
  masks: { ...loongarch64_16k.masks, _PFN_MASK: '[47:16]' },
  pfn: { at: '47:16', unmasked: true },
};

/** A state of pte_mkdirty() and pte_mkwrite() as a variant of its own, before and after the series. */
function withOperations(operations: Partial<Operations>): Arch['states'] {
  return {
    before: { ...before, operations },
    after: { ...after, operations },
    'before-stable': { ...beforeStable, operations },
  };
}

export const loongarch64_16kDirtyPrefix: Arch = {
  ...loongarch64_16k,
  id: 'loongarch64_16k_dirty_prefix',
  title: 'LoongArch, 16 KiB pages, dirty always means writable',
  states: withOperations(unconditional),
  eras: [],
};

export const loongarch64_16kMkdirtyFixedOnly: Arch = {
  ...loongarch64_16k,
  id: 'loongarch64_16k_mkdirty_fixed_only',
  title: 'LoongArch, 16 KiB pages, only pte_mkdirty() mended',
  states: withOperations(mkdirtyAsks),
  eras: [],
};
