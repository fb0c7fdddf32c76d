import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swap: SwapLayout = {
  source: 'arch/arm64/include/asm/pgtable.h:1014',
  type: '7:3',
  offset: '57:8',
  encodes: { type: '10:3', offset: '63:8' },
  exclusive: 'PTE_SWP_EXCLUSIVE',
};

const hwDirty = { and: ['PTE_WRITE', { none: 'PTE_RDONLY' }] };
const mkdirty = [{ set: 'PTE_DIRTY' }, { when: 'PTE_WRITE', clear: 'PTE_RDONLY' }];

/** Since 143937ca51cc: a clean entry that becomes writable stays clean. */
const mkwriteAsks = [{ set: 'PTE_WRITE' }, { when: 'PTE_DIRTY', clear: 'PTE_RDONLY' }];

/** Bits of a user entry that mprotect() may change. */
const modified =
  'PTE_USER | PTE_PXN | PTE_UXN | PTE_RDONLY | PTE_PROT_NONE | PTE_VALID | PTE_WRITE | PTE_GP | PTE_ATTRINDX_MASK';

export const arm64_4k: Arch = {
  id: 'arm64_4k',
  title: 'ARM, 64-bit, 4 KiB pages',
  family: 'arm64',
  config: 'ARM64_4K_PAGES, ARM64_VA_BITS_48',
  kconfig: { ...usualKconfig, MEMORY_FAILURE: true, HAVE_ARCH_USERFAULTFD_MINOR: true },
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 48,
  levels: vaSplit(12, { pgd: 9, pud: 9, pmd: 9, pte: 9 }),
  header: 'arch/arm64/include/asm/pgtable-hwdef.h',
  bits: {
    PTE_VALID: [0, 143, 'the MMU may use the entry'],
    PTE_TABLE_BIT: [1, 146, 'a page, not a block'],
    PTE_ATTRINDX_MASK: ['4:2', 170, 'memory type'],
    PTE_USER: [6, 147, 'user mode may access'],
    PTE_RDONLY: [7, 148, 'the MMU refuses stores; clean, where DBM writes it'],
    PTE_SHARED: ['9:8', 149, 'shared between CPUs'],
    PTE_AF: [10, 150, 'accessed'],
    PTE_NG: [11, 151, 'not global'],
    PTE_GP: [50, 152, 'guarded against wild branches'],
    PTE_WRITE: [51, 'pgtable-prot.h:16', 'writable; the MMU may clear PTE_RDONLY (DBM)'],
    PTE_CONT: [52, 154, 'one of 16 contiguous entries'],
    PTE_PXN: [53, 155, 'no execution by the kernel'],
    PTE_UXN: [54, 156, 'no execution by user mode'],
    PTE_DIRTY: [55, 'pgtable-prot.h:18', 'written, noted by software'],
    PTE_SPECIAL: [56, 'pgtable-prot.h:19', 'no struct page behind it'],
    PTE_DEVMAP: [57, 'pgtable-prot.h:20', 'device memory with a struct page'],
    PTE_PROT_NONE: [58, 'pgtable-prot.h:21', 'PROT_NONE'],
  },
  masks: {
    PTE_TYPE_PAGE: 'PTE_VALID | PTE_TABLE_BIT',
    _PAGE_DEFAULT: 'PTE_TYPE_PAGE | PTE_AF | PTE_SHARED',
    PMD_PRESENT_INVALID: '[59]',
    PTE_SWP_EXCLUSIVE: '[2]',
  },
  pfn: { at: '47:12', unmasked: true },
  huge: {
    mkhuge: { clear: 'PTE_TABLE_BIT' },
    transHuge: { and: ['PTE_VALID | PTE_PROT_NONE | PMD_PRESENT_INVALID', { none: 'PTE_TABLE_BIT' }] },
    present: 'PTE_VALID | PTE_PROT_NONE | PMD_PRESENT_INVALID',
    mkinvalid: { clear: 'PTE_VALID', set: 'PMD_PRESENT_INVALID' },
    migration: '0',
    hugetlbMigration: true,
  },
  predicates: {
    present: 'PTE_VALID | PTE_PROT_NONE',
    protnone: { of: 'PTE_VALID | PTE_PROT_NONE', is: 'PTE_PROT_NONE' },
    write: 'PTE_WRITE',
    dirty: { or: ['PTE_DIRTY', hwDirty] },
    young: 'PTE_AF',
    exec: { none: 'PTE_UXN' },
    special: 'PTE_SPECIAL',
  },
  operations: {
    mkwrite: { set: 'PTE_WRITE', clear: 'PTE_RDONLY' },
    wrprotect: [
      { when: hwDirty, set: 'PTE_DIRTY' },
      { clear: 'PTE_WRITE', set: 'PTE_RDONLY' },
    ],
    mkdirty,
    mkclean: { clear: 'PTE_DIRTY', set: 'PTE_RDONLY' },
    mkyoung: { set: 'PTE_AF' },
    mkold: { clear: 'PTE_AF' },
    mkspecial: { set: 'PTE_SPECIAL' },
  },
  modify: { first: { when: hwDirty, set: 'PTE_DIRTY' }, keep: `~(${modified})`, take: modified },
  pgprots: {
    PAGE_NONE:
      'PTE_TABLE_BIT | PTE_AF | PTE_SHARED | PTE_PROT_NONE | PTE_RDONLY | PTE_NG | PTE_PXN | PTE_UXN',
    PAGE_SHARED: '_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_PXN | PTE_UXN | PTE_WRITE',
    PAGE_SHARED_EXEC: '_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_PXN | PTE_WRITE',
    PAGE_READONLY: '_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_PXN | PTE_UXN',
    PAGE_READONLY_EXEC: '_PAGE_DEFAULT | PTE_USER | PTE_RDONLY | PTE_NG | PTE_PXN',
    PAGE_EXECONLY: '_PAGE_DEFAULT | PTE_RDONLY | PTE_NG | PTE_PXN',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY_EXEC',
    copy: 'PAGE_READONLY',
    copyExec: 'PAGE_READONLY_EXEC',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_EXEC',
  }),
  hardware: {
    walker: 'hardware',
    young: 'walker',
    dirty: 'walker',
    store: { and: [{ all: 'PTE_VALID | PTE_USER' }, { or: ['PTE_WRITE', { none: 'PTE_RDONLY' }] }] },
    onStore: { when: { all: 'PTE_VALID | PTE_USER | PTE_WRITE' }, set: 'PTE_AF', clear: 'PTE_RDONLY' },
    note: 'with FEAT_HAFDBS: a store through a writable entry clears PTE_RDONLY, and that is dirty',
  },
  cpus: {
    'no-dbm': {
      walker: 'hardware',
      young: 'fault',
      dirty: 'fault',
      load: { all: 'PTE_VALID | PTE_AF' },
      store: { and: [{ all: 'PTE_VALID | PTE_USER | PTE_AF' }, { none: 'PTE_RDONLY' }] },
      note: 'without FEAT_HAFDBS: the first access and the first store fault',
    },
  },
  eras: [{ patch: 'arm64MkwriteAsks', holds: 'since', operations: { mkwrite: mkwriteAsks } }],
  states: {
    before: { is: 'v6.1; the exclusive marker came with v5.19', release: 'v6.1', swap },
    after: {
      is: 'v6.3',
      release: 'v6.3',
      swap: { ...swap, source: 'arch/arm64/include/asm/pgtable.h:1009' },
    },
    'before-stable': {
      is: '6.1.192: pte_mkwrite() leaves a clean entry read-only, pte_modify() restores hardware dirtiness',
      release: 'v6.1',
      swap,
      operations: { mkwrite: mkwriteAsks },
      modify: {
        first: { when: hwDirty, set: 'PTE_DIRTY' },
        keep: `~(${modified})`,
        take: modified,
        last: { when: { all: 'PTE_DIRTY | PTE_WRITE' }, clear: 'PTE_RDONLY' },
      },
    },
  },
};

export const arm64_16k: Arch = {
  ...arm64_4k,
  id: 'arm64_16k',
  title: 'ARM, 64-bit, 16 KiB pages',
  config: 'ARM64_16K_PAGES, ARM64_VA_BITS_48',
  pageShift: 14,
  levels: vaSplit(14, { pgd: 1, pud: 11, pmd: 11, pte: 11 }),
  pfn: { at: '47:14', unmasked: true },
};

export const arm64_64kPa52: Arch = {
  ...arm64_4k,
  id: 'arm64_64k_pa52',
  title: 'ARM, 64-bit, 64 KiB pages, 52-bit physical addresses',
  config: 'ARM64_64K_PAGES, ARM64_VA_BITS_48, ARM64_PA_BITS_52',
  pageShift: 16,
  physBits: 52,
  levels: vaSplit(16, { pgd: 6, pmd: 13, pte: 13 }),
  pfn: { at: '15:12 47:16' },
};
