import { type Arch } from './arch.js';
import { usualKconfig, vaSplit } from './shorthand.js';

/** Every combination of access has its own protection; only writing to a private mapping is withheld. */
const protectionMap = [...Array(16).keys()].map((vmFlags) =>
  [
    'PAGE_NONE',
    ...(vmFlags & 1 ? ['_PAGE_READ'] : []),
    ...((vmFlags & 10) === 10 ? ['_PAGE_WRITE'] : []),
    ...(vmFlags & 4 ? ['_PAGE_EXECUTE'] : []),
  ].join(' | '),
);

export const hexagon: Arch = {
  id: 'hexagon',
  title: 'Hexagon, 4 KiB pages',
  family: 'hexagon',
  config: 'PAGE_SIZE_4KB',
  kconfig: usualKconfig,
  pteBits: 32,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/hexagon/include/asm/pgtable.h',
  bits: {
    _PAGE_PRESENT: [0, 45, 'present'],
    _PAGE_DIRTY: [1, 46, 'written, set by the kernel'],
    _PAGE_ACCESSED: [2, 47, 'accessed, set by the kernel'],
    __HVM_PTE_T: [4, 44, 'not used by Linux (vm_mmu.h)'],
    _PAGE_USER: [5, 36, 'user mode may access'],
    __HVM_PTE_C: ['8:6', 46, 'memory type (vm_mmu.h)'],
    _PAGE_READ: [9, 33, 'readable'],
    _PAGE_WRITE: [10, 34, 'writable'],
    _PAGE_EXECUTE: [11, 35, 'executable'],
  },
  masks: { _dflt_cache_att: '__HVM_PTE_C', _PAGE_SWP_EXCLUSIVE: '[6]' },
  pfn: { at: '31:12' },
  predicates: {
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_EXECUTE',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITE' },
    wrprotect: { clear: '_PAGE_WRITE' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
  },
  modify: { keep: '[31:12]' },
  pgprots: {
    PAGE_NONE: '_PAGE_PRESENT | _PAGE_USER | _dflt_cache_att',
    PAGE_READONLY: 'PAGE_NONE | _PAGE_READ | _PAGE_EXECUTE',
    PAGE_COPY: 'PAGE_READONLY',
    PAGE_EXEC: 'PAGE_READONLY',
    PAGE_COPY_EXEC: 'PAGE_READONLY',
    PAGE_SHARED: 'PAGE_NONE | _PAGE_READ | _PAGE_WRITE | _PAGE_EXECUTE',
    PAGE_KERNEL: '_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE | _PAGE_EXECUTE | _dflt_cache_att',
  },
  protectionMap,
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    store: { all: '_PAGE_PRESENT | _PAGE_USER | _PAGE_WRITE' },
    note: 'the hypervisor walks the tables; pte_modify() forgets accessed and dirty',
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: {
        source: 'arch/hexagon/include/asm/pgtable.h:361',
        type: '5:1',
        encodes: { type: '8:1' },
        offset: '31:13 9:6',
      },
    },
    after: {
      is: 'v6.3',
      commit: '61f4a896e62d',
      release: 'v6.3',
      swap: {
        source: 'arch/hexagon/include/asm/pgtable.h:364',
        type: '5:1',
        offset: '31:13 9:7',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
