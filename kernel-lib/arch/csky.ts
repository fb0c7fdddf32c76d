import { type Arch, type BitField } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const common = {
  family: 'csky',
  kconfig: { ...usualKconfig, SWAP: false },
  pteBits: 32,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  pfn: { at: '31:12' },
  predicates: {
    none: { none: '~_PAGE_GLOBAL' },
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_MODIFIED',
    young: '_PAGE_ACCESSED',
  },
  operations: {
    mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_MODIFIED', set: '_PAGE_DIRTY' }],
    wrprotect: { clear: '_PAGE_WRITE | _PAGE_DIRTY' },
    mkdirty: [{ set: '_PAGE_MODIFIED' }, { when: '_PAGE_WRITE', set: '_PAGE_DIRTY' }],
    mkclean: { clear: '_PAGE_MODIFIED | _PAGE_DIRTY' },
    mkyoung: [{ set: '_PAGE_ACCESSED' }, { when: '_PAGE_READ', set: '_PAGE_VALID' }],
    mkold: { clear: '_PAGE_ACCESSED | _PAGE_VALID' },
  },
  modify: { keep: '~(_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _CACHE_MASK | _PAGE_GLOBAL)' },
  pgprots: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED',
    PAGE_NONE: '_PAGE_PROT_NONE',
    PAGE_READ: '_PAGE_BASE | _PAGE_READ | _CACHE_CACHED',
    PAGE_WRITE: '_PAGE_BASE | _PAGE_READ | _PAGE_WRITE | _CACHE_CACHED',
    PAGE_SHARED: 'PAGE_WRITE',
    PAGE_KERNEL: 'PAGE_WRITE | _PAGE_VALID | _PAGE_DIRTY | _PAGE_MODIFIED | _PAGE_GLOBAL',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READ',
    readExec: 'PAGE_READ',
    copy: 'PAGE_READ',
    copyExec: 'PAGE_READ',
    shared: 'PAGE_WRITE',
    sharedExec: 'PAGE_WRITE',
  }),
  hardware: {
    walker: 'hardware',
    young: 'handler',
    dirty: 'handler',
    store: { all: '_PAGE_VALID | _PAGE_DIRTY' },
    note: 'the MMU knows only VALID and DIRTY; the invalid and modified exceptions set them with ACCESSED and MODIFIED',
  },
} as const;

export const cskyAbiv1: Arch = {
  ...common,
  id: 'csky_abiv1',
  title: 'C-SKY, ABI v1',
  config: 'CPU_CK610',
  header: 'arch/csky/abiv1/inc/abi/pgtable-bits.h',
  bits: {
    _PAGE_PRESENT: [0, 7, 'present'],
    _PAGE_READ: [1, 8, 'readable'],
    _PAGE_WRITE: [2, 9, 'writable'],
    _PAGE_ACCESSED: [3, 10, 'accessed'],
    _PAGE_MODIFIED: [4, 11, 'written'],
    _PAGE_GLOBAL: [6, 14, 'survives address-space switches'],
    _PAGE_VALID: [7, 15, 'the MMU may use the entry'],
    _PAGE_DIRTY: [8, 16, 'the MMU lets stores through'],
    _CACHE_MASK: ['11:9', 21, 'memory type'],
  } satisfies Record<string, BitField>,
  masks: {
    _CACHE_CACHED: '[10:9]',
    _PAGE_PROT_NONE: '_PAGE_READ',
    _PAGE_SWP_EXCLUSIVE: '[9]',
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: { source: 'arch/csky/abiv1/inc/abi/pgtable-bits.h:40', type: '8 5:2', offset: '31:9' },
    },
    after: {
      is: 'v6.3',
      commit: '41e0d49104db',
      release: 'v6.3',
      swap: {
        source: 'arch/csky/abiv1/inc/abi/pgtable-bits.h:45',
        type: '8 5:2',
        offset: '31:10',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

export const cskyAbiv2: Arch = {
  ...common,
  id: 'csky_abiv2',
  title: 'C-SKY, ABI v2',
  config: 'CPU_CK810',
  header: 'arch/csky/abiv2/inc/abi/pgtable-bits.h',
  bits: {
    _PAGE_GLOBAL: [0, 14, 'survives address-space switches'],
    _PAGE_VALID: [1, 15, 'the MMU may use the entry'],
    _PAGE_DIRTY: [2, 16, 'the MMU lets stores through'],
    _PAGE_CACHE: [3, 20, 'cached'],
    _PAGE_SO: [5, 18, 'strongly ordered'],
    _PAGE_BUF: [6, 19, 'bufferable'],
    _PAGE_ACCESSED: [7, 7, 'accessed'],
    _PAGE_READ: [8, 8, 'readable'],
    _PAGE_WRITE: [9, 9, 'writable'],
    _PAGE_PRESENT: [10, 10, 'present'],
    _PAGE_MODIFIED: [11, 11, 'written'],
  } satisfies Record<string, BitField>,
  masks: {
    _CACHE_MASK: '_PAGE_CACHE',
    _CACHE_CACHED: '_PAGE_CACHE | _PAGE_BUF',
    _PAGE_PROT_NONE: '_PAGE_WRITE',
    _PAGE_SWP_EXCLUSIVE: '[7]',
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: { source: 'arch/csky/abiv2/inc/abi/pgtable-bits.h:40', type: '6:2', offset: '31:11 8:7' },
    },
    after: {
      is: 'v6.3',
      commit: '41e0d49104db',
      release: 'v6.3',
      swap: {
        source: 'arch/csky/abiv2/inc/abi/pgtable-bits.h:45',
        type: '6:2',
        offset: '31:11 8',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
