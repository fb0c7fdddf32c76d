import { type Arch, type SwapLayout } from './arch.js';
import { usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/parisc/include/asm/pgtable.h:399',
  type: '4:0',
  encodes: { type: '7:0' },
  offset: '31:11 8:6',
};

const swapAfter: SwapLayout = {
  source: 'arch/parisc/include/asm/pgtable.h:415',
  type: '4:0',
  offset: '31:10 7:5',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

export const parisc32: Arch = {
  id: 'parisc32',
  loadNeeds: 'VM_READ',
  title: 'PA-RISC, 32-bit',
  family: 'parisc',
  config: '!64BIT, PARISC_PAGE_SIZE_4KB',
  kconfig: usualKconfig,
  pteBits: 32,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/parisc/include/asm/pgtable.h',
  bits: {
    _PAGE_READ: [0, 199, 'readable'],
    _PAGE_WRITE: [1, 200, 'writable'],
    _PAGE_EXEC: [2, 202, 'executable'],
    _PAGE_GATEWAY: [3, 203, 'raises the privilege'],
    _PAGE_DMB: [4, 204, 'data memory break'],
    _PAGE_DIRTY: [5, 205, 'written'],
    _PAGE_REFTRAP: [6, 206, 'traps on reference'],
    _PAGE_NO_CACHE: [7, 207, 'not cached'],
    _PAGE_ACCESSED: [8, 208, 'accessed'],
    _PAGE_PRESENT: [9, 209, 'present'],
    _PAGE_SPECIAL: [10, 212, 'no struct page behind it'],
    _PAGE_USER: [11, 211, 'user mode may access'],
  },
  masks: {
    _PAGE_CHG_MASK: '[31:12] | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_ACCESSED',
  },
  pfn: { at: '31:12' },
  predicates: {
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_EXEC',
    special: '_PAGE_SPECIAL',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITE' },
    wrprotect: { clear: '_PAGE_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
    mkspecial: { set: '_PAGE_SPECIAL' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_PRESENT | _PAGE_USER',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_USER | _PAGE_READ | _PAGE_WRITE',
    PAGE_READONLY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_READ',
    PAGE_WRITEONLY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_WRITE',
    PAGE_EXECREAD: '_PAGE_PRESENT | _PAGE_USER | _PAGE_READ | _PAGE_EXEC',
    PAGE_COPY: 'PAGE_EXECREAD',
    PAGE_RWX: '_PAGE_PRESENT | _PAGE_USER | _PAGE_READ | _PAGE_WRITE | _PAGE_EXEC',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_DIRTY | _PAGE_ACCESSED',
  },
  protectionMap: [
    ...['PAGE_NONE', 'PAGE_READONLY', 'PAGE_NONE', 'PAGE_READONLY'],
    ...['PAGE_EXECREAD', 'PAGE_EXECREAD', 'PAGE_EXECREAD', 'PAGE_EXECREAD'],
    ...['PAGE_NONE', 'PAGE_READONLY', 'PAGE_WRITEONLY', 'PAGE_SHARED'],
    ...['PAGE_EXECREAD', 'PAGE_EXECREAD', 'PAGE_RWX', 'PAGE_RWX'],
  ],
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    load: { all: '_PAGE_PRESENT | _PAGE_USER | _PAGE_READ' },
    store: { all: '_PAGE_PRESENT | _PAGE_USER | _PAGE_WRITE' },
    note: 'the TLB-miss traps set ACCESSED, the dirty-bit trap sets ACCESSED and DIRTY',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: { is: 'v6.3', commit: '6d239fc78c0b', release: 'v6.3', swap: swapAfter },
  },
};

export const parisc64: Arch = {
  ...parisc32,
  id: 'parisc64',
  title: 'PA-RISC, 64-bit',
  config: '64BIT, PARISC_PAGE_SIZE_4KB',
  kconfig: { ...usualKconfig, MIGRATION: false, MEMORY_FAILURE: true },
  pteBits: 64,
  longBits: 64,
  physBits: 39,
  levels: vaSplit(12, { pgd: 11, pmd: 11, pte: 9 }),
  masks: {
    _PAGE_CHG_MASK: '[63:12] | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_ACCESSED',
  },
  pfn: { at: '63:12' },
  states: {
    before: { ...parisc32.states.before, swap: { ...swapBefore, offset: '63:11 8:6' } },
    after: { ...parisc32.states.after, swap: { ...swapAfter, offset: '63:10 7:5' } },
  },
};
