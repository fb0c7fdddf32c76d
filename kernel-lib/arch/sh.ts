import { type Arch } from './arch.js';
import { usualKconfig, vaSplit } from './shorthand.js';

const common = {
  family: 'sh',
  kconfig: usualKconfig,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 32,
  header: 'arch/sh/include/asm/pgtable_32.h',
  pfn: { at: '31:12' },
  protectionMap: [
    ...['PAGE_NONE', 'PAGE_READONLY', 'PAGE_COPY', 'PAGE_COPY'],
    ...['PAGE_EXECREAD', 'PAGE_EXECREAD', 'PAGE_COPY', 'PAGE_COPY'],
    ...['PAGE_NONE', 'PAGE_READONLY', 'PAGE_WRITEONLY', 'PAGE_SHARED'],
    ...['PAGE_EXECREAD', 'PAGE_EXECREAD', 'PAGE_RWX', 'PAGE_RWX'],
  ],
} as const;

export const sh4: Arch = {
  ...common,
  id: 'sh4',
  title: 'SuperH SH-4',
  config: 'CPU_SH4, !X2TLB',
  pteBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  bits: {
    _PAGE_WT: [0, 42, 'write-through'],
    _PAGE_HW_SHARED: [1, 43, 'shared among processes'],
    _PAGE_DIRTY: [2, 44, 'written'],
    _PAGE_CACHABLE: [3, 45, 'cached'],
    _PAGE_SZ0: [4, 46, 'page size'],
    _PAGE_RW: [5, 47, 'writable'],
    _PAGE_USER: [6, 48, 'user mode may access'],
    _PAGE_SZ1: [7, 49, 'page size'],
    _PAGE_PRESENT: [8, 50, 'the TLB handler may use the entry'],
    _PAGE_PROTNONE: [9, 51, 'PROT_NONE'],
    _PAGE_ACCESSED: [10, 52, 'accessed'],
    _PAGE_SPECIAL: [11, 53, 'no struct page behind it'],
  },
  masks: {
    _PAGE_FLAGS_HARD: '_PAGE_SZ0',
    _PAGE_CHG_MASK: '[31:12] | _PAGE_ACCESSED | _PAGE_CACHABLE | _PAGE_DIRTY | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_USER',
  },
  predicates: {
    present: '_PAGE_PRESENT | _PAGE_PROTNONE',
    write: '_PAGE_RW',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
    special: '_PAGE_SPECIAL',
  },
  operations: {
    mkwrite: { set: '_PAGE_RW' },
    wrprotect: { clear: '_PAGE_RW' },
    mkdirty: { set: '_PAGE_DIRTY' },
    mkclean: { clear: '_PAGE_DIRTY' },
    mkyoung: { set: '_PAGE_ACCESSED' },
    mkold: { clear: '_PAGE_ACCESSED' },
    mkspecial: { set: '_PAGE_SPECIAL' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_NONE: '_PAGE_PROTNONE | _PAGE_CACHABLE | _PAGE_ACCESSED | _PAGE_FLAGS_HARD',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_CACHABLE | _PAGE_ACCESSED | _PAGE_FLAGS_HARD',
    PAGE_COPY: '_PAGE_PRESENT | _PAGE_USER | _PAGE_CACHABLE | _PAGE_ACCESSED | _PAGE_FLAGS_HARD',
    PAGE_READONLY: 'PAGE_COPY',
    PAGE_EXECREAD: 'PAGE_READONLY',
    PAGE_RWX: 'PAGE_SHARED',
    PAGE_WRITEONLY: 'PAGE_SHARED',
    PAGE_KERNEL:
      '_PAGE_PRESENT | _PAGE_RW | _PAGE_CACHABLE | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_HW_SHARED | _PAGE_FLAGS_HARD',
  },
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    load: { all: '_PAGE_PRESENT | _PAGE_USER' },
    store: { all: '_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_DIRTY' },
    note: 'the TLB handler sets ACCESSED, and DIRTY on an initial store if the entry is writable',
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: { source: 'arch/sh/include/asm/pgtable_32.h:453', type: '8:1', offset: '31:11' },
    },
    after: {
      is: 'v6.3',
      commit: 'cca10df10293',
      release: 'v6.3',
      swap: {
        source: 'arch/sh/include/asm/pgtable_32.h:471',
        type: '5:1',
        offset: '31:11',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

/** SH-X2: the rights stand in `pte_high` (bits 63:32), separately for user mode and the kernel. */
export const shX2tlb: Arch = {
  ...sh4,
  id: 'sh_x2tlb',
  title: 'SuperH SH-X2, extended TLB',
  config: 'X2TLB',
  pteBits: 64,
  levels: vaSplit(12, { pgd: 2, pmd: 9, pte: 9 }),
  bits: {
    ...sh4.bits,
    _PAGE_EXT_ESZ: ['39:36', 59, 'page size'],
    _PAGE_EXT_USER_EXEC: [40, 64, 'user may execute'],
    _PAGE_EXT_USER_WRITE: [41, 65, 'user may write'],
    _PAGE_EXT_USER_READ: [42, 66, 'user may read'],
    _PAGE_EXT_KERN_EXEC: [43, 68, 'kernel may execute'],
    _PAGE_EXT_KERN_WRITE: [44, 69, 'kernel may write'],
    _PAGE_EXT_KERN_READ: [45, 70, 'kernel may read'],
    _PAGE_EXT_WIRED: [46, 72, 'stays in the TLB'],
  },
  masks: {
    ...sh4.masks,
    _PAGE_FLAGS_HARD: '[36]',
    _PAGE_EXT_WRITE: '_PAGE_EXT_USER_WRITE | _PAGE_EXT_KERN_WRITE',
    _PAGE_EXT_READ: '_PAGE_EXT_USER_READ | _PAGE_EXT_KERN_READ',
    _PAGE_EXT_EXEC: '_PAGE_EXT_USER_EXEC | _PAGE_EXT_KERN_EXEC',
    _PAGE_USUAL: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_CACHABLE | _PAGE_FLAGS_HARD',
  },
  predicates: { ...sh4.predicates, write: '_PAGE_EXT_WRITE' },
  operations: {
    ...sh4.operations,
    mkwrite: { set: '_PAGE_EXT_WRITE' },
    wrprotect: { clear: '_PAGE_EXT_WRITE' },
  },
  // pte_high is never cleared: this pte_modify() gives rights but takes none.
  modify: { keep: '_PAGE_CHG_MASK | [63:32]' },
  pgprots: {
    PAGE_NONE: '_PAGE_PROTNONE | _PAGE_CACHABLE | _PAGE_ACCESSED | _PAGE_FLAGS_HARD',
    PAGE_SHARED: '_PAGE_USUAL | _PAGE_EXT_READ | _PAGE_EXT_WRITE',
    PAGE_EXECREAD: '_PAGE_USUAL | _PAGE_EXT_EXEC | _PAGE_EXT_READ',
    PAGE_COPY: 'PAGE_EXECREAD',
    PAGE_READONLY: '_PAGE_USUAL | _PAGE_EXT_READ',
    PAGE_WRITEONLY: '_PAGE_USUAL | _PAGE_EXT_WRITE',
    PAGE_RWX: '_PAGE_USUAL | _PAGE_EXT_READ | _PAGE_EXT_WRITE | _PAGE_EXT_EXEC',
    PAGE_KERNEL:
      '_PAGE_USUAL | _PAGE_DIRTY | _PAGE_HW_SHARED | _PAGE_EXT_KERN_READ | _PAGE_EXT_KERN_WRITE | _PAGE_EXT_KERN_EXEC',
  },
  hardware: {
    ...sh4.hardware,
    load: { all: '_PAGE_PRESENT | _PAGE_EXT_USER_READ' },
    store: { all: '_PAGE_PRESENT | _PAGE_EXT_USER_WRITE | _PAGE_DIRTY' },
  },
  states: {
    before: {
      is: 'v6.1, no exclusive marker',
      release: 'v6.1',
      swap: {
        source: 'arch/sh/include/asm/pgtable_32.h:446',
        type: '36:32',
        encodes: { type: '39:32' },
        offset: '63:37',
      },
    },
    after: {
      is: 'v6.3; the marker stands in the low word, the entry in the high one',
      commit: 'cca10df10293',
      release: 'v6.3',
      swap: {
        source: 'arch/sh/include/asm/pgtable_32.h:455',
        type: '36:32',
        offset: '63:37',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

export const shX2tlbOff32bit: Arch = {
  ...shX2tlb,
  id: 'sh_x2tlb_off_32bit',
  title: 'SuperH SH-X2, extended TLB, 32-bit physical addresses',
  config: 'X2TLB, 32BIT',
};
