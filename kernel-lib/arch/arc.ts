import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swapBefore: SwapLayout = {
  source: 'arch/arc/include/asm/pgtable-bits-arcv2.h:117',
  type: '4:0',
  offset: '31:13',
};

/** ARC v2 with MMU v4 and 8 KiB pages. */
export const arc: Arch = {
  id: 'arc',
  title: 'ARC HS, 8 KiB pages',
  family: 'arc',
  config: 'ISA_ARCV2, ARC_PAGE_SIZE_8K',
  kconfig: usualKconfig,
  pteBits: 32,
  longBits: 32,
  byteOrder: 'little',
  pageShift: 13,
  physBits: 32,
  levels: vaSplit(13, { pgd: 11, pte: 8 }),
  header: 'arch/arc/include/asm/pgtable-bits-arcv2.h',
  bits: {
    _PAGE_CACHEABLE: [0, 15, 'cached'],
    _PAGE_EXECUTE: [1, 20, 'user may execute'],
    _PAGE_WRITE: [2, 21, 'user may write'],
    _PAGE_READ: [3, 22, 'user may read'],
    _PAGE_ACCESSED: [4, 23, 'accessed, set by the TLB handler'],
    _PAGE_DIRTY: [5, 24, 'written, set by the TLB handler'],
    _PAGE_SPECIAL: [6, 25, 'no struct page behind it'],
    _PAGE_GLOBAL: [8, 26, 'survives address-space switches'],
    _PAGE_PRESENT: [9, 27, 'the TLB handler may use the entry'],
    _PAGE_HW_SZ: [10, 30, 'huge page'],
  },
  masks: {
    PAGE_MASK_PHYS: '[31:13]',
    ___DEF: '_PAGE_PRESENT | _PAGE_CACHEABLE',
    _PAGE_CHG_MASK: 'PAGE_MASK_PHYS | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_DIRTY',
  },
  pfn: { at: '31:13' },
  huge: {
    mkhuge: { set: '_PAGE_HW_SZ' },
    transHuge: '_PAGE_HW_SZ',
    present: '~0',
    mkinvalid: { clear: '_PAGE_PRESENT' },
  },
  predicates: {
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_DIRTY',
    young: '_PAGE_ACCESSED',
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
    PAGE_U_NONE: '___DEF',
    PAGE_U_R: '___DEF | _PAGE_READ',
    PAGE_U_W_R: '___DEF | _PAGE_READ | _PAGE_WRITE',
    PAGE_U_X_R: '___DEF | _PAGE_READ | _PAGE_EXECUTE',
    PAGE_U_X_W_R: '___DEF | _PAGE_READ | _PAGE_WRITE | _PAGE_EXECUTE',
    PAGE_KERNEL: '___DEF | _PAGE_GLOBAL | _PAGE_READ | _PAGE_WRITE | _PAGE_EXECUTE',
    PAGE_SHARED: 'PAGE_U_W_R',
  },
  protectionMap: protections({
    none: 'PAGE_U_NONE',
    read: 'PAGE_U_R',
    readExec: 'PAGE_U_X_R',
    copy: 'PAGE_U_R',
    copyExec: 'PAGE_U_X_R',
    shared: 'PAGE_U_W_R',
    sharedExec: 'PAGE_U_X_W_R',
  }),
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    load: { all: '_PAGE_PRESENT | _PAGE_READ' },
    store: { all: '_PAGE_PRESENT | _PAGE_WRITE' },
    note: 'the TLB handler sets accessed and, on a store, dirty, and loads the protection as it stands',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swapBefore },
    after: {
      is: 'v6.3',
      commit: '4a446b3dd335',
      release: 'v6.3',
      swap: {
        ...swapBefore,
        source: 'arch/arc/include/asm/pgtable-bits-arcv2.h:129',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

export const arc4k: Arch = {
  ...arc,
  id: 'arc_4k',
  title: 'ARC HS, 4 KiB pages',
  config: 'ISA_ARCV2, ARC_PAGE_SIZE_4K',
  pageShift: 12,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  masks: { ...arc.masks, PAGE_MASK_PHYS: '[31:12]' },
  pfn: { at: '31:12' },
};

export const arcPae40: Arch = {
  ...arc,
  id: 'arc_pae40',
  title: 'ARC HS, 40-bit physical addresses',
  config: 'ISA_ARCV2, ARC_HAS_PAE40',
  pteBits: 64,
  physBits: 40,
  levels: vaSplit(13, { pgd: 11, pte: 8 }),
  masks: { ...arc.masks, PAGE_MASK_PHYS: '[39:13]' },
  pfn: { at: '44:13' },
};
