import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/riscv/include/asm/pgtable.h:746',
  type: '10:6',
  encodes: { type: '13:6' },
  offset: '63:11',
};

const swapAfter: SwapLayout = {
  source: 'arch/riscv/include/asm/pgtable.h:753',
  type: '11:7',
  offset: '63:12',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

export const riscv64: Arch = {
  id: 'riscv64',
  title: 'RISC-V, 64-bit (Sv48)',
  family: 'riscv',
  config: '64BIT, !RISCV_ISA_SVPBMT',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 56,
  levels: vaSplit(12, { pgd: 9, pud: 9, pmd: 9, pte: 9 }),
  header: 'arch/riscv/include/asm/pgtable-bits.h',
  bits: {
    _PAGE_PRESENT: [0, 11, 'the MMU may use the entry'],
    _PAGE_READ: [1, 12, 'readable'],
    _PAGE_WRITE: [2, 13, 'writable'],
    _PAGE_EXEC: [3, 14, 'executable'],
    _PAGE_USER: [4, 15, 'user mode may access'],
    _PAGE_GLOBAL: [5, 16, 'survives address-space switches; PROT_NONE in an entry that is not present'],
    _PAGE_ACCESSED: [6, 17, 'accessed'],
    _PAGE_DIRTY: [7, 18, 'written'],
    _PAGE_SOFT: [8, 19, 'no struct page behind it'],
  },
  masks: {
    _PAGE_SPECIAL: '_PAGE_SOFT',
    _PAGE_PROT_NONE: '_PAGE_GLOBAL',
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_USER',
    _PAGE_CHG_MASK: '~(_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_EXEC | _PAGE_USER | _PAGE_GLOBAL)',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_ACCESSED',
  },
  pfn: { at: '53:10', unmasked: true },
  predicates: {
    present: '_PAGE_PRESENT | _PAGE_PROT_NONE',
    protnone: { of: '_PAGE_PRESENT | _PAGE_PROT_NONE', is: '_PAGE_PROT_NONE' },
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
    PAGE_NONE: '_PAGE_PROT_NONE | _PAGE_READ',
    PAGE_READ: '_PAGE_BASE | _PAGE_READ',
    PAGE_WRITE: '_PAGE_BASE | _PAGE_READ | _PAGE_WRITE',
    PAGE_EXEC: '_PAGE_BASE | _PAGE_EXEC',
    PAGE_READ_EXEC: '_PAGE_BASE | _PAGE_READ | _PAGE_EXEC',
    PAGE_WRITE_EXEC: '_PAGE_BASE | _PAGE_READ | _PAGE_EXEC | _PAGE_WRITE',
    PAGE_COPY: 'PAGE_READ',
    PAGE_COPY_EXEC: 'PAGE_READ_EXEC',
    PAGE_SHARED: 'PAGE_WRITE',
    PAGE_SHARED_EXEC: 'PAGE_WRITE_EXEC',
    PAGE_KERNEL: '_PAGE_READ | _PAGE_WRITE | _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READ',
    exec: 'PAGE_EXEC',
    readExec: 'PAGE_READ_EXEC',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY_EXEC',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_EXEC',
  }),
  hardware: {
    walker: 'hardware',
    young: 'walker',
    dirty: 'walker',
    store: { all: '_PAGE_PRESENT | _PAGE_WRITE | _PAGE_USER' },
    note: 'with Svadu; other harts fault for the kernel to set accessed and dirty',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: { is: 'v6.3', commit: '51a1007d4113', release: 'v6.3', swap: swapAfter },
  },
};

export const riscv32: Arch = {
  ...riscv64,
  id: 'riscv32',
  title: 'RISC-V, 32-bit (Sv32)',
  config: '32BIT',
  pteBits: 32,
  longBits: 32,
  physBits: 34,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  pfn: { at: '31:10' },
  states: {
    before: { ...riscv64.states.before, swap: { ...swapBefore, offset: '31:11' } },
    after: { ...riscv64.states.after, swap: { ...swapAfter, offset: '31:12' } },
  },
};
