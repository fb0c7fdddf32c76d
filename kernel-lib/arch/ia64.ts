import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/ia64/include/asm/pgtable.h:413',
  type: '7:1',
  offset: '62:8',
  encodes: { type: '8:1', offset: '63:8' },
};

const swapAfter: SwapLayout = {
  source: 'arch/ia64/include/asm/pgtable.h:420',
  type: '6:1',
  offset: '62:8',
  encodes: { offset: '63:8' },
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

/** Access rights 2 to 6 include writing, for user mode or the kernel; 2, 3 and 6 for user mode. */
const mayWrite = { and: ['[11:10]', { not: { all: '_PAGE_AR_MASK' } }] };

export const ia64_16k: Arch = {
  id: 'ia64_16k',
  title: 'Itanium, 16 KiB pages',
  family: 'ia64',
  config: 'IA64_PAGE_SIZE_16KB',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 14,
  physBits: 50,
  levels: vaSplit(14, { pgd: 11, pmd: 11, pte: 11 }),
  header: 'arch/ia64/include/asm/pgtable.h',
  bits: {
    _PAGE_P: [0, 33, 'the MMU may use the entry'],
    _PAGE_MA_MASK: ['4:2', 39, 'memory type'],
    _PAGE_A: [5, 55, 'accessed'],
    _PAGE_D: [6, 56, 'written'],
    _PAGE_PL_MASK: ['8:7', 44, 'least privilege that may access'],
    _PAGE_AR_MASK: ['11:9', 53, 'access rights'],
    _PAGE_ED: [52, 58, 'exception deferral'],
    _PAGE_PROTNONE: [63, 59, 'PROT_NONE'],
  },
  masks: {
    _PAGE_PL_3: '_PAGE_PL_MASK',
    _PAGE_AR_R: '0',
    _PAGE_AR_RX: '[9]',
    _PAGE_AR_RW: '[10]',
    _PAGE_AR_RWX: '[10:9]',
    _PAGE_AR_RWX_RW: '[11:10]',
    _PAGE_AR_X_RX: '[11:9]',
    _PAGE_CHG_MASK: '_PAGE_P | _PAGE_PROTNONE | _PAGE_PL_MASK | _PAGE_AR_MASK | _PAGE_ED',
    __ACCESS_BITS: '_PAGE_ED | _PAGE_A | _PAGE_P',
    __DIRTY_BITS: '_PAGE_ED | _PAGE_A | _PAGE_P | _PAGE_D',
    _PAGE_SWP_EXCLUSIVE: '[7]',
  },
  pfn: { at: '49:14', unmasked: true },
  predicates: {
    present: '_PAGE_P | _PAGE_PROTNONE',
    write: mayWrite,
    dirty: '_PAGE_D',
    young: '_PAGE_A',
    exec: '_PAGE_AR_RX',
  },
  operations: {
    mkwrite: { set: '_PAGE_AR_RW' },
    wrprotect: { clear: '_PAGE_AR_RW' },
    mkdirty: { set: '_PAGE_D' },
    mkclean: { clear: '_PAGE_D' },
    mkyoung: { set: '_PAGE_A' },
    mkold: { clear: '_PAGE_A' },
  },
  modify: { keep: '~_PAGE_CHG_MASK', take: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_PROTNONE | _PAGE_A',
    PAGE_SHARED: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_RW',
    PAGE_READONLY: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_R',
    PAGE_COPY: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_R',
    PAGE_COPY_EXEC: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_RX',
    PAGE_KERNEL: '__DIRTY_BITS | _PAGE_AR_RWX',
    PAGE_KERNELRX: '__ACCESS_BITS | _PAGE_AR_RX',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    exec: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_X_RX',
    readExec: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_RX',
    copy: 'PAGE_READONLY',
    copyExec: 'PAGE_COPY_EXEC',
    shared: 'PAGE_SHARED',
    sharedExec: '__ACCESS_BITS | _PAGE_PL_3 | _PAGE_AR_RWX',
  }),
  hardware: {
    walker: 'hardware',
    young: 'handler',
    dirty: 'handler',
    load: { all: '_PAGE_P | _PAGE_PL_3' },
    store: {
      and: [
        { all: '_PAGE_P | _PAGE_D | _PAGE_PL_3' },
        {
          or: [
            { of: '_PAGE_AR_MASK', is: '_PAGE_AR_RW' },
            { of: '_PAGE_AR_MASK', is: '_PAGE_AR_RWX' },
            { of: '_PAGE_AR_MASK', is: '_PAGE_AR_RWX_RW' },
          ],
        },
      ],
    },
    note: 'the dirty-bit and access-bit fault handlers set _PAGE_D and _PAGE_A',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: { is: 'v6.3', commit: '3151cc26565e', release: 'v6.3', swap: swapAfter },
  },
};

export const ia64_4k: Arch = {
  ...ia64_16k,
  id: 'ia64_4k',
  title: 'Itanium, 4 KiB pages',
  config: 'IA64_PAGE_SIZE_4KB',
  pageShift: 12,
  levels: vaSplit(12, { pgd: 9, pmd: 9, pte: 9 }),
  pfn: { at: '49:12', unmasked: true },
};

export const ia64_64k: Arch = {
  ...ia64_16k,
  id: 'ia64_64k',
  title: 'Itanium, 64 KiB pages',
  config: 'IA64_PAGE_SIZE_64KB',
  pageShift: 16,
  levels: vaSplit(16, { pgd: 13, pmd: 13, pte: 13 }),
  pfn: { at: '49:16', unmasked: true },
};
