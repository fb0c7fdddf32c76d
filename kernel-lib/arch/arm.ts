import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/arm/include/asm/pgtable.h:289',
  type: '6:2',
  encodes: { type: '9:2' },
  offset: '31:7',
};

const swapAfter: SwapLayout = {
  source: 'arch/arm/include/asm/pgtable.h:293',
  type: '6:2',
  offset: '31:8',
  exclusive: 'L_PTE_SWP_EXCLUSIVE',
};

const common = {
  family: 'arm',
  kconfig: usualKconfig,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 12,
  predicates: {
    present: 'L_PTE_PRESENT',
    write: { none: 'L_PTE_RDONLY' },
    dirty: 'L_PTE_DIRTY',
    young: 'L_PTE_YOUNG',
    exec: { none: 'L_PTE_XN' },
  },
  operations: {
    mkwrite: { clear: 'L_PTE_RDONLY' },
    wrprotect: { set: 'L_PTE_RDONLY' },
    mkdirty: { set: 'L_PTE_DIRTY' },
    mkclean: { clear: 'L_PTE_DIRTY' },
    mkyoung: { set: 'L_PTE_YOUNG' },
    mkold: { clear: 'L_PTE_YOUNG' },
  },
  modify: {
    keep: '~(L_PTE_XN | L_PTE_RDONLY | L_PTE_USER | L_PTE_NONE | L_PTE_VALID)',
    take: 'L_PTE_XN | L_PTE_RDONLY | L_PTE_USER | L_PTE_NONE | L_PTE_VALID',
  },
  pgprots: {
    pgprot_user: 'L_PTE_PRESENT | L_PTE_YOUNG | L_PTE_MT_WRITEALLOC | L_PTE_SHARED',
    pgprot_kernel: 'L_PTE_PRESENT | L_PTE_YOUNG | L_PTE_DIRTY | L_PTE_MT_WRITEALLOC | L_PTE_SHARED',
    PAGE_NONE: 'pgprot_user | L_PTE_XN | L_PTE_RDONLY | L_PTE_NONE',
    PAGE_SHARED: 'pgprot_user | L_PTE_USER | L_PTE_XN',
    PAGE_SHARED_EXEC: 'pgprot_user | L_PTE_USER',
    PAGE_COPY: 'pgprot_user | L_PTE_USER | L_PTE_RDONLY | L_PTE_XN',
    PAGE_COPY_EXEC: 'pgprot_user | L_PTE_USER | L_PTE_RDONLY',
    PAGE_READONLY: 'pgprot_user | L_PTE_USER | L_PTE_RDONLY | L_PTE_XN',
    PAGE_READONLY_EXEC: 'pgprot_user | L_PTE_USER | L_PTE_RDONLY',
    PAGE_KERNEL: 'pgprot_kernel | L_PTE_XN',
    PAGE_KERNEL_EXEC: 'pgprot_kernel',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY_EXEC',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY_EXEC',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_EXEC',
  }),
  hardware: {
    walker: 'hardware',
    young: 'fault',
    dirty: 'fault',
    load: { and: [{ all: 'L_PTE_VALID | L_PTE_USER | L_PTE_YOUNG' }, { none: 'L_PTE_NONE' }] },
    store: {
      and: [
        { all: 'L_PTE_VALID | L_PTE_USER | L_PTE_YOUNG | L_PTE_DIRTY' },
        { none: 'L_PTE_RDONLY | L_PTE_NONE' },
      ],
    },
    note: 'set_pte_ext() writes what the MMU reads: no access before YOUNG, no store before DIRTY',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: { is: 'v6.3', commit: '20aae9eff5ac', release: 'v6.3', swap: swapAfter },
  },
} as const;

/** The Linux view of an entry; the hardware's own lies beside it in the same page. */
export const arm2level: Arch = {
  ...common,
  id: 'arm_2level',
  title: 'ARM, 32-bit, two levels',
  config: 'ARM, !ARM_LPAE',
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  header: 'arch/arm/include/asm/pgtable-2level.h',
  bits: {
    L_PTE_PRESENT: [0, 120, 'present'],
    L_PTE_YOUNG: [1, 121, 'accessed, set by the kernel'],
    L_PTE_MT_MASK: ['5:2', 171, 'memory type'],
    L_PTE_DIRTY: [6, 122, 'written, set by the kernel'],
    L_PTE_RDONLY: [7, 123, 'read-only'],
    L_PTE_USER: [8, 124, 'user mode may access'],
    L_PTE_XN: [9, 125, 'no execution'],
    L_PTE_SHARED: [10, 126, 'shared between CPUs'],
    L_PTE_NONE: [11, 127, 'PROT_NONE'],
  },
  masks: { L_PTE_VALID: '[0]', L_PTE_MT_WRITEALLOC: '[4:2]', L_PTE_SWP_EXCLUSIVE: 'L_PTE_RDONLY' },
  pfn: { at: '31:12' },
};

export const armLpae: Arch = {
  ...common,
  id: 'arm_lpae',
  title: 'ARM, 32-bit with LPAE, three levels',
  config: 'ARM, ARM_LPAE',
  pteBits: 64,
  physBits: 38,
  levels: vaSplit(12, { pgd: 2, pmd: 9, pte: 9 }),
  header: 'arch/arm/include/asm/pgtable-3level.h',
  bits: {
    L_PTE_PRESENT: ['1:0', 69, 'present'],
    L_PTE_MT_MASK: ['4:2', 102, 'memory type'],
    L_PTE_USER: [6, 70, 'user mode may access'],
    L_PTE_SHARED: ['9:8', 71, 'shared between CPUs'],
    L_PTE_YOUNG: [10, 72, 'accessed, set by the kernel'],
    L_PTE_XN: [54, 73, 'no execution'],
    L_PTE_DIRTY: [55, 74, 'written, set by the kernel'],
    L_PTE_SPECIAL: [56, 75, 'no struct page behind it'],
    L_PTE_NONE: [57, 76, 'PROT_NONE'],
    L_PTE_RDONLY: [58, 77, 'read-only'],
  },
  masks: {
    L_PTE_VALID: '[0]',
    PMD_TABLE_BIT: '[1]',
    L_PTE_MT_WRITEALLOC: '[4:2]',
    L_PTE_SWP_EXCLUSIVE: '[7]',
  },
  pfn: { at: '39:12', unmasked: true },
  huge: {
    mkhuge: { clear: 'PMD_TABLE_BIT' },
    transHuge: { and: ['~0', { none: 'PMD_TABLE_BIT' }] },
    present: 'L_PTE_VALID',
    mkinvalid: { clear: 'L_PTE_VALID' },
  },
  predicates: { ...common.predicates, special: 'L_PTE_SPECIAL' },
  operations: { ...common.operations, mkspecial: { set: 'L_PTE_SPECIAL' } },
};
