import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/xtensa/include/asm/pgtable.h:351',
  type: '10:6',
  encodes: { type: '13:6' },
  offset: '31:11',
  fixed: '_PAGE_CA_INVALID | _PAGE_USER',
};

export const xtensa: Arch = {
  id: 'xtensa',
  title: 'Xtensa',
  family: 'xtensa',
  config: 'MMU, hardware later than T1050',
  kconfig: usualKconfig,
  pteBits: 32,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/xtensa/include/asm/pgtable.h',
  bits: {
    _PAGE_HW_EXEC: [0, 135, 'executable'],
    _PAGE_HW_WRITE: [1, 136, 'the MMU lets stores through'],
    _PAGE_CA_MASK: ['3:2', 141, 'memory type; 3 is invalid'],
    _PAGE_USER: [4, 153, 'user mode may access'],
    _PAGE_WRITABLE: [6, 157, 'writable'],
    _PAGE_DIRTY: [7, 158, 'written'],
    _PAGE_ACCESSED: [8, 159, 'accessed'],
  },
  masks: {
    _PAGE_ATTRIB_MASK: '[3:0]',
    _PAGE_CA_WB: '[2]',
    _PAGE_CA_INVALID: '[3:2]',
    _PAGE_NONE: '[3:0]',
    _PAGE_CHG_MASK: '[31:12] | _PAGE_ACCESSED | _PAGE_DIRTY',
    _PAGE_PRESENT: '_PAGE_CA_WB | _PAGE_ACCESSED',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_HW_WRITE',
  },
  pfn: { at: '31:12' },
  empty: '_PAGE_CA_INVALID | _PAGE_USER',
  predicates: {
    none: { of: '~0', is: '_PAGE_CA_INVALID | _PAGE_USER' },
    present: {
      or: [
        { not: { of: '_PAGE_CA_MASK', is: '_PAGE_CA_INVALID' } },
        { of: '_PAGE_ATTRIB_MASK', is: '_PAGE_NONE' },
      ],
    },
    write: '_PAGE_WRITABLE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_HW_EXEC',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITABLE' },
    wrprotect: { clear: '_PAGE_WRITABLE | _PAGE_HW_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY | _PAGE_HW_WRITE' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_NONE | _PAGE_USER',
    PAGE_COPY: '_PAGE_PRESENT | _PAGE_USER',
    PAGE_COPY_EXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_HW_EXEC',
    PAGE_READONLY: '_PAGE_PRESENT | _PAGE_USER',
    PAGE_READONLY_EXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_HW_EXEC',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_USER | _PAGE_WRITABLE',
    PAGE_SHARED_EXEC: '_PAGE_PRESENT | _PAGE_USER | _PAGE_WRITABLE | _PAGE_HW_EXEC',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_HW_WRITE',
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
    dirty: 'handler',
    store: {
      and: ['_PAGE_USER', '_PAGE_HW_WRITE', { not: { of: '_PAGE_CA_MASK', is: '_PAGE_CA_INVALID' } }],
    },
    onStore: {
      when: { all: '_PAGE_USER | _PAGE_WRITABLE' },
      set: '_PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_HW_WRITE',
    },
    note: 'the store-prohibited handler sets DIRTY, ACCESSED and HW_WRITE if WRITABLE is set',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: {
      is: 'v6.3',
      commit: 'f5c3fe300c5b',
      release: 'v6.3',
      swap: {
        source: 'arch/xtensa/include/asm/pgtable.h:355',
        type: '10:6',
        offset: '31:11',
        fixed: '_PAGE_CA_INVALID | _PAGE_USER',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
