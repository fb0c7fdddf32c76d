import { type Arch } from './arch.js';
import { protectionsByAccess, usualKconfig, vaSplit } from './shorthand.js';

export const nios2: Arch = {
  id: 'nios2',
  loadNeeds: 'VM_READ',
  title: 'Nios II',
  family: 'nios2',
  config: 'MMU',
  kconfig: { ...usualKconfig, SWAP: false },
  pteBits: 32,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/nios2/include/asm/pgtable-bits.h',
  bits: {
    _PAGE_GLOBAL: [20, 20, 'survives address-space switches'],
    _PAGE_EXEC: [21, 21, 'executable'],
    _PAGE_WRITE: [22, 22, 'writable'],
    _PAGE_READ: [23, 23, 'readable'],
    _PAGE_CACHED: [24, 24, 'cached'],
    _PAGE_PRESENT: [25, 30, 'present'],
    _PAGE_ACCESSED: [26, 31, 'accessed'],
    _PAGE_DIRTY: [27, 32, 'written'],
  },
  masks: { _PAGE_SWP_EXCLUSIVE: '[31]' },
  pfn: { at: '19:0' },
  predicates: {
    // An empty entry notes four bits of its address, so that aliases differ in the TLB.
    none: { none: '~(_PAGE_GLOBAL | [3:0])' },
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITE' },
    wrprotect: { clear: '_PAGE_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
  },
  modify: {
    keep: '~(_PAGE_READ | _PAGE_WRITE | _PAGE_EXEC)',
    take: '_PAGE_READ | _PAGE_WRITE | _PAGE_EXEC',
  },
  pgprots: {
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_CACHED | _PAGE_READ | _PAGE_WRITE | _PAGE_EXEC | _PAGE_GLOBAL',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_CACHED | _PAGE_READ | _PAGE_WRITE | _PAGE_ACCESSED',
    PAGE_COPY: '_PAGE_PRESENT | _PAGE_CACHED | _PAGE_READ',
  },
  protectionMap: protectionsByAccess({
    base: '_PAGE_PRESENT | _PAGE_CACHED',
    read: '_PAGE_READ',
    write: '_PAGE_WRITE',
    exec: '_PAGE_EXEC',
  }),
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    load: { all: '_PAGE_PRESENT | _PAGE_READ' },
    store: { all: '_PAGE_PRESENT | _PAGE_WRITE' },
  },
  states: {
    before: {
      is: 'v6.1: room for five type bits, but two are stored; no exclusive marker',
      release: 'v6.1',
      swap: { source: 'arch/nios2/include/asm/pgtable.h:245', type: '27:26', offset: '19:0' },
    },
    refactored: {
      is: 'between the series’ two patches: five type bits, no exclusive marker',
      commit: '0a9ad8273ff4',
      release: 'v6.3',
      swap: { source: 'arch/nios2/include/asm/pgtable.h:249', type: '30:26', offset: '19:0' },
    },
    after: {
      is: 'v6.3',
      commit: '4d1d955f7c0c',
      release: 'v6.3',
      swap: {
        source: 'arch/nios2/include/asm/pgtable.h:249',
        type: '30:26',
        offset: '19:0',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
