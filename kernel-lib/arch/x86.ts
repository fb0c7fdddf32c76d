import { type Arch, type BitField, type HugeLayout, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const bits: Record<string, BitField> = {
  _PAGE_PRESENT: [0, 41, 'the MMU may use the entry'],
  _PAGE_RW: [1, 42, 'writable'],
  _PAGE_USER: [2, 43, 'user mode may access'],
  _PAGE_PWT: [3, 44, 'write-through'],
  _PAGE_PCD: [4, 45, 'cache disabled'],
  _PAGE_ACCESSED: [5, 46, 'accessed, set by the MMU'],
  _PAGE_DIRTY: [6, 47, 'written, set by the MMU'],
  _PAGE_PAT: [7, 53, 'memory type'],
  _PAGE_GLOBAL: [8, 49, 'survives address-space switches'],
  _PAGE_SPECIAL: [9, 55, 'no struct page behind it'],
};

/** Bits that only 64-bit entries have room for. */
const wideBits: Record<string, BitField> = {
  _PAGE_DEVMAP: [58, 112, 'device memory with a struct page'],
  _PAGE_NX: [63, 111, 'no execution'],
};

const masks = {
  _PAGE_PROTNONE: '_PAGE_GLOBAL',
  _PAGE_PSE: '_PAGE_PAT',
  PTE_PFN_MASK: '[51:12]',
  _PAGE_KNL_ERRATUM_MASK: '_PAGE_DIRTY | _PAGE_ACCESSED',
  _PAGE_CHG_MASK:
    'PTE_PFN_MASK | _PAGE_PCD | _PAGE_PWT | _PAGE_SPECIAL | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_DEVMAP',
};

const pgprots = {
  PAGE_NONE: '_PAGE_PROTNONE | _PAGE_ACCESSED',
  PAGE_SHARED: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX',
  PAGE_SHARED_EXEC: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED',
  PAGE_COPY_NOEXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX',
  PAGE_COPY_EXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED',
  PAGE_COPY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX',
  PAGE_READONLY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX',
  PAGE_READONLY_EXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED',
  PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_NX | _PAGE_DIRTY | _PAGE_GLOBAL',
};

const protectionMap = protections({
  none: 'PAGE_NONE',
  read: 'PAGE_READONLY',
  readExec: 'PAGE_READONLY_EXEC',
  copy: 'PAGE_COPY',
  copyExec: 'PAGE_COPY_EXEC',
  shared: 'PAGE_SHARED',
  sharedExec: 'PAGE_SHARED_EXEC',
});

const operations = {
  mkwrite: { set: '_PAGE_RW' },
  wrprotect: { clear: '_PAGE_RW' },
  mkdirty: { set: '_PAGE_DIRTY' },
  mkclean: { clear: '_PAGE_DIRTY' },
  mkyoung: { set: '_PAGE_ACCESSED' },
  mkold: { clear: '_PAGE_ACCESSED' },
  mkspecial: { set: '_PAGE_SPECIAL' },
};

const predicates = {
  present: '_PAGE_PRESENT | _PAGE_PROTNONE',
  protnone: { of: '_PAGE_PRESENT | _PAGE_PROTNONE', is: '_PAGE_PROTNONE' },
  write: '_PAGE_RW',
  dirty: '_PAGE_DIRTY',
  young: '_PAGE_ACCESSED',
  special: '_PAGE_SPECIAL',
};

/** An entry that the MMU must not follow holds its frame number inverted, so that speculation finds no memory. */
const pteNeedsInvert = { and: ['~0', { none: '_PAGE_PRESENT' }] };

/** PMD entries, where the CPU has pages of that size: always with three levels and more. */
const huge: HugeLayout = {
  mkhuge: { set: '_PAGE_PSE' },
  transHuge: { of: '_PAGE_PSE | _PAGE_DEVMAP', is: '_PAGE_PSE' },
  present: '_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_PSE',
  mkinvalid: { clear: '_PAGE_PRESENT | _PAGE_PROTNONE' },
};

const common = {
  family: 'x86',
  kconfig: usualKconfig,
  byteOrder: 'little',
  pageShift: 12,
  header: 'arch/x86/include/asm/pgtable_types.h',
  pgprots,
  protectionMap,
  operations,
  predicates,
  modify: { keep: '_PAGE_CHG_MASK', take: '~_PAGE_CHG_MASK' },
  clearsYoungUnflushed: 'pte',
  hardware: {
    walker: 'hardware',
    young: 'walker',
    dirty: 'walker',
    store: { all: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER' },
    // Not soft-dirty, which only pte_mkdirty() adds.
    onStore: {
      when: { all: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER' },
      set: '_PAGE_DIRTY | _PAGE_ACCESSED',
    },
  },
} as const;

const swap64: SwapLayout = {
  source: 'arch/x86/include/asm/pgtable_64.h:224',
  type: '63:59',
  offset: '58:9',
  inverted: '[58:9]',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
  softDirty: '_PAGE_SWP_SOFT_DIRTY',
  uffdWp: '_PAGE_SWP_UFFD_WP',
};

export const x86_64: Arch = {
  ...common,
  id: 'x86_64',
  title: 'x86, 64-bit',
  config: 'X86_64, MEM_SOFT_DIRTY, USERFAULTFD',
  kconfig: {
    ...usualKconfig,
    PTE_MARKER_UFFD_WP: true,
    HAVE_ARCH_USERFAULTFD_MINOR: true,
    HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD: true,
  },
  pteBits: 64,
  longBits: 64,
  physBits: 46,
  levels: vaSplit(12, { pgd: 9, pud: 9, pmd: 9, pte: 9 }),
  bits: {
    ...bits,
    _PAGE_UFFD_WP: [10, 103, 'write-protected by userfaultfd'],
    _PAGE_SOFT_DIRTY: [11, 81, 'written since clear_refs'],
    ...wideBits,
    _PAGE_PKEY_MASK: ['62:59', 69, 'protection key'],
  },
  masks: {
    ...masks,
    _PAGE_CHG_MASK: `${masks._PAGE_CHG_MASK} | _PAGE_SOFT_DIRTY | _PAGE_UFFD_WP`,
    _PAGE_SWP_SOFT_DIRTY: '_PAGE_RW',
    _PAGE_SWP_UFFD_WP: '_PAGE_USER',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_PWT',
  },
  pfn: { at: '51:12', invertedWhen: pteNeedsInvert },
  huge: { ...huge, migration: '0', hugetlbMigration: true },
  predicates: {
    ...predicates,
    none: { none: '~_PAGE_KNL_ERRATUM_MASK' },
    exec: { none: '_PAGE_NX' },
    softDirty: '_PAGE_SOFT_DIRTY',
    uffdWp: '_PAGE_UFFD_WP',
  },
  operations: {
    ...operations,
    mkdirty: { set: '_PAGE_DIRTY | _PAGE_SOFT_DIRTY' },
    mksoftDirty: { set: '_PAGE_SOFT_DIRTY' },
    clearSoftDirty: { clear: '_PAGE_SOFT_DIRTY' },
    mkuffdWp: { set: '_PAGE_UFFD_WP' },
    clearUffdWp: { clear: '_PAGE_UFFD_WP' },
  },
  states: {
    before: { is: 'v6.1; the exclusive marker came with v5.19', release: 'v6.1', swap: swap64 },
    after: {
      is: 'v6.3; pte_mkuffd_wp() write-protects since f1eb1bacfba9',
      commit: 'f1eb1bacfba9',
      release: 'v6.3',
      swap: swap64,
      operations: { mkuffdWp: { clear: '_PAGE_RW', set: '_PAGE_UFFD_WP' } },
    },
  },
};

export const x86_32: Arch = {
  ...common,
  id: 'x86_32',
  title: 'x86, 32-bit, two levels',
  config: 'X86_32, !X86_PAE',
  pteBits: 32,
  longBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  bits,
  masks: {
    ...masks,
    PTE_PFN_MASK: '[31:12]',
    _PAGE_KNL_ERRATUM_MASK: '0',
    _PAGE_NX: '0',
    _PAGE_DEVMAP: '0',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_PAT',
  },
  pfn: { at: '31:12' },
  predicates: { ...predicates, exec: { not: '0' } },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: {
        source: 'arch/x86/include/asm/pgtable-2level.h:89',
        type: '5:1',
        encodes: { type: '8:1' },
        offset: '31:9',
      },
    },
    after: {
      is: 'v6.3',
      commit: '93c0eac40d4e',
      release: 'v6.3',
      swap: {
        source: 'arch/x86/include/asm/pgtable-2level.h:102',
        type: '5:1',
        offset: '31:9',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

const swapPae: SwapLayout = {
  source: 'arch/x86/include/asm/pgtable-3level.h:260',
  type: '63:59',
  offset: '35:9',
  inverted: '[58:9]',
};

export const x86_32_pae: Arch = {
  ...common,
  id: 'x86_32_pae',
  title: 'x86, 32-bit with PAE, three levels',
  config: 'X86_32, X86_PAE',
  pteBits: 64,
  longBits: 32,
  physBits: 38,
  levels: vaSplit(12, { pgd: 2, pmd: 9, pte: 9 }),
  bits: { ...bits, ...wideBits },
  masks: { ...masks, _PAGE_SWP_EXCLUSIVE: '_PAGE_PAT' },
  pfn: { at: '51:12', invertedWhen: pteNeedsInvert },
  huge,
  predicates: { ...predicates, none: { none: '~_PAGE_KNL_ERRATUM_MASK' }, exec: { none: '_PAGE_NX' } },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      // The 32-bit swp_entry_t lies between: a type above 31 reaches the offset before that is inverted.
      swap: { ...swapPae, encodes: { type: '11:9 63:59' } },
    },
    after: {
      is: 'v6.3',
      commit: '93c0eac40d4e',
      release: 'v6.3',
      swap: {
        ...swapPae,
        source: 'arch/x86/include/asm/pgtable-3level.h:173',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
