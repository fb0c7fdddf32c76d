import { type Arch } from './arch.js';
import { usualKconfig, vaSplit } from './shorthand.js';

const readExec = ['PAGE_NONE', 'PAGE_READONLY_X', 'PAGE_COPY', 'PAGE_COPY_X'];
const exec = ['PAGE_READONLY', 'PAGE_READONLY_X', 'PAGE_COPY', 'PAGE_COPY_X'];
const sharedReadExec = ['PAGE_NONE', 'PAGE_READONLY_X', 'PAGE_SHARED', 'PAGE_SHARED_X'];
const sharedExec = ['PAGE_READONLY', 'PAGE_READONLY_X', 'PAGE_SHARED', 'PAGE_SHARED_X'];

export const openrisc: Arch = {
  id: 'openrisc',
  title: 'OpenRISC',
  family: 'openrisc',
  config: 'defconfig',
  kconfig: { ...usualKconfig, SWAP: false },
  pteBits: 32,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 13,
  physBits: 32,
  levels: vaSplit(13, { pgd: 8, pte: 11 }),
  header: 'arch/openrisc/include/asm/pgtable.h',
  bits: {
    _PAGE_CC: [0, 120, 'present'],
    _PAGE_CI: [1, 121, 'not cached'],
    _PAGE_WBC: [2, 122, 'write-back cache'],
    _PAGE_WOM: [3, 123, 'weakly ordered'],
    _PAGE_A: [4, 125, 'accessed'],
    _PAGE_D: [5, 126, 'written'],
    _PAGE_URE: [6, 127, 'user may read'],
    _PAGE_UWE: [7, 128, 'user may write'],
    _PAGE_SRE: [8, 130, 'kernel may read'],
    _PAGE_SWE: [9, 131, 'kernel may write'],
    _PAGE_EXEC: [10, 132, 'executable'],
    _PAGE_U_SHARED: [11, 133, 'shared mapping'],
  },
  masks: {
    _PAGE_PRESENT: '_PAGE_CC',
    _PAGE_WRITE: '_PAGE_UWE | _PAGE_SWE',
    _PAGE_DIRTY: '_PAGE_D',
    _PAGE_ACCESSED: '_PAGE_A',
    _PAGE_ALL: '_PAGE_PRESENT | _PAGE_ACCESSED',
    _PAGE_CHG_MASK: '[31:13] | _PAGE_ACCESSED | _PAGE_DIRTY',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_U_SHARED',
  },
  pfn: { at: '31:13' },
  predicates: {
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_EXEC',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITE' },
    wrprotect: { clear: '_PAGE_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_ALL',
    PAGE_READONLY: '_PAGE_ALL | _PAGE_URE | _PAGE_SRE',
    PAGE_READONLY_X: 'PAGE_READONLY | _PAGE_EXEC',
    PAGE_SHARED: '_PAGE_ALL | _PAGE_URE | _PAGE_SRE | _PAGE_UWE | _PAGE_SWE | _PAGE_U_SHARED',
    PAGE_SHARED_X: 'PAGE_SHARED | _PAGE_EXEC',
    PAGE_COPY: '_PAGE_ALL | _PAGE_URE | _PAGE_SRE',
    PAGE_COPY_X: 'PAGE_COPY | _PAGE_EXEC',
    PAGE_KERNEL: '_PAGE_ALL | _PAGE_SRE | _PAGE_SWE | _PAGE_U_SHARED | _PAGE_DIRTY | _PAGE_EXEC',
  },
  // As the kernel has it: the columns are writing and reading with execution, swapped against vm_flags.
  protectionMap: [...readExec, ...exec, ...sharedReadExec, ...sharedExec],
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    load: { all: '_PAGE_PRESENT | _PAGE_URE' },
    store: { all: '_PAGE_PRESENT | _PAGE_UWE' },
    note: 'the TLB-miss handler only copies the entry',
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: {
        source: 'arch/openrisc/include/asm/pgtable.h:391',
        type: '11:5',
        encodes: { type: '12:5' },
        offset: '31:12',
      },
    },
    after: {
      is: 'v6.3',
      commit: '5ae3e74474f8',
      release: 'v6.3',
      swap: {
        source: 'arch/openrisc/include/asm/pgtable.h:404',
        type: '10:5',
        offset: '31:12',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
