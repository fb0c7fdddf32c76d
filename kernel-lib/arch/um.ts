import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/um/include/asm/pgtable.h:292',
  type: '9:5',
  encodes: { type: '12:5' },
  offset: '63:11',
};

const swapAfter: SwapLayout = {
  source: 'arch/um/include/asm/pgtable.h:307',
  type: '9:5',
  offset: '63:11',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

/** The kernel as a process: its page tables tell it which mappings of the host to change. */
export const um3level64: Arch = {
  id: 'um_3level_64',
  title: 'User-mode Linux, 64-bit',
  family: 'um',
  config: '3_LEVEL_PGTABLES, 64BIT',
  kconfig: { ...usualKconfig, MIGRATION: false },
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 64,
  levels: vaSplit(12, { pgd: 9, pmd: 9, pte: 9 }),
  header: 'arch/um/include/asm/pgtable.h',
  bits: {
    _PAGE_PRESENT: [0, 13, 'present'],
    _PAGE_NEWPAGE: [1, 14, 'the host has yet to map the page'],
    _PAGE_NEWPROT: [2, 15, 'the host has yet to change the protection'],
    _PAGE_PROTNONE: [4, 21, 'PROT_NONE'],
    _PAGE_RW: [5, 16, 'writable'],
    _PAGE_USER: [6, 17, 'user mode may access'],
    _PAGE_ACCESSED: [7, 18, 'accessed'],
    _PAGE_DIRTY: [8, 19, 'written'],
  },
  masks: {
    _PAGE_CHG_MASK: '[63:12] | _PAGE_ACCESSED | _PAGE_DIRTY',
    _PAGE_SWP_EXCLUSIVE: '[10]',
  },
  pfn: { at: '63:12' },
  predicates: {
    none: { none: '~_PAGE_NEWPAGE' },
    present: '_PAGE_PRESENT | _PAGE_PROTNONE',
    write: { and: ['_PAGE_RW', { none: '_PAGE_PROTNONE' }] },
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: { and: ['_PAGE_USER', { none: '_PAGE_PROTNONE' }] },
  },
  operations: {
    mkwrite: { when: { none: '_PAGE_RW' }, set: '_PAGE_RW | _PAGE_NEWPROT' },
    wrprotect: { when: '_PAGE_RW', clear: '_PAGE_RW', set: '_PAGE_NEWPROT' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_PROTNONE | _PAGE_ACCESSED',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED',
    PAGE_COPY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED',
    PAGE_READONLY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED',
  }),
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    load: { all: '_PAGE_PRESENT | _PAGE_ACCESSED' },
    store: { all: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY' },
    note: 'the host maps a page readable once it is accessed and writable once it is dirty',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: { is: 'v6.3', commit: 'e2858d778e68', release: 'v6.3', swap: swapAfter },
  },
};

export const um2level32: Arch = {
  ...um3level64,
  id: 'um_2level_32',
  title: 'User-mode Linux, 32-bit, two levels',
  config: '!3_LEVEL_PGTABLES, !64BIT',
  pteBits: 32,
  longBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  masks: { ...um3level64.masks, _PAGE_CHG_MASK: '[31:12] | _PAGE_ACCESSED | _PAGE_DIRTY' },
  pfn: { at: '31:12' },
  states: {
    before: { ...um3level64.states.before, swap: { ...swapBefore, offset: '31:11' } },
    after: { ...um3level64.states.after, swap: { ...swapAfter, offset: '31:11' } },
  },
};

export const um3level32: Arch = {
  ...um2level32,
  id: 'um_3level_32',
  title: 'User-mode Linux, 32-bit, three levels',
  config: '3_LEVEL_PGTABLES, !64BIT',
  levels: vaSplit(12, { pgd: 1, pmd: 10, pte: 9 }),
};
