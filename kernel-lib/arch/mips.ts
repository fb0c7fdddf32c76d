import { type Arch, type BitField, type SwapLayout } from './arch.js';
import { usualKconfig, vaSplit } from './shorthand.js';

/** Software bits of the usual entries, where the CPU has no read and execute inhibit. */
const softwareBits: Record<string, BitField> = {
  _PAGE_PRESENT: [0, 124, 'present'],
  _PAGE_NO_READ: [1, 126, 'no reading'],
  _PAGE_WRITE: [2, 128, 'writable'],
  _PAGE_ACCESSED: [3, 129, 'accessed'],
  _PAGE_MODIFIED: [4, 130, 'written'],
  _PAGE_SPECIAL: [5, 135, 'no struct page behind it'],
};

const masks = {
  _PAGE_SILENT_READ: '_PAGE_VALID',
  _PAGE_SILENT_WRITE: '_PAGE_DIRTY',
  _PAGE_CHG_MASK: '_PAGE_ACCESSED | _PAGE_MODIFIED | _PFN_MASK | _CACHE_MASK',
};

const predicates = {
  none: { none: '~_PAGE_GLOBAL' },
  present: '_PAGE_PRESENT',
  write: '_PAGE_WRITE',
  dirty: '_PAGE_MODIFIED',
  young: '_PAGE_ACCESSED',
};

const operations = {
  mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_MODIFIED', set: '_PAGE_SILENT_WRITE' }],
  wrprotect: { clear: '_PAGE_WRITE | _PAGE_SILENT_WRITE' },
  mkdirty: [{ set: '_PAGE_MODIFIED' }, { when: '_PAGE_WRITE', set: '_PAGE_SILENT_WRITE' }],
  mkclean: { clear: '_PAGE_MODIFIED | _PAGE_SILENT_WRITE' },
  mkyoung: [{ set: '_PAGE_ACCESSED' }, { when: { none: '_PAGE_NO_READ' }, set: '_PAGE_SILENT_READ' }],
  mkold: { clear: '_PAGE_ACCESSED | _PAGE_SILENT_READ' },
};

const special = {
  predicates: { ...predicates, special: '_PAGE_SPECIAL' },
  operations: { ...operations, mkspecial: { set: '_PAGE_SPECIAL' } },
};

/** `setup_protection_map()` without the cache attribute that it adds at run time. */
const noExec = '_PAGE_PRESENT | _PAGE_NO_EXEC';
const protectionMap = [
  ...[`${noExec} | _PAGE_NO_READ`, noExec, `${noExec} | _PAGE_NO_READ`, noExec],
  ...['_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT'],
  ...[`${noExec} | _PAGE_NO_READ`, noExec],
  ...[`${noExec} | _PAGE_WRITE | _PAGE_NO_READ`, `${noExec} | _PAGE_WRITE`],
  ...['_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT | _PAGE_WRITE', '_PAGE_PRESENT | _PAGE_WRITE'],
];

const common = {
  family: 'mips',
  kconfig: usualKconfig,
  header: 'arch/mips/include/asm/pgtable-bits.h',
  predicates,
  operations,
  modify: {
    keep: '_PAGE_CHG_MASK',
    take: '~_PAGE_CHG_MASK',
    last: { when: { and: ['_PAGE_ACCESSED', { none: '_PAGE_NO_READ' }] }, set: '_PAGE_SILENT_READ' },
  },
  pgprots: {
    PAGE_NONE: '_PAGE_PRESENT | _PAGE_NO_READ | _PAGE_NO_EXEC',
    PAGE_SHARED: '_PAGE_PRESENT | _PAGE_WRITE',
    PAGE_READONLY: '_PAGE_PRESENT',
    PAGE_KERNEL:
      '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_VALID | _PAGE_WRITE | _PAGE_MODIFIED | _PAGE_DIRTY | _PAGE_GLOBAL',
  },
  protectionMap,
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    store: { all: '_PAGE_VALID | _PAGE_DIRTY' },
    note: 'the TLB handlers set VALID with ACCESSED, and DIRTY with MODIFIED if WRITE is set; then stores are silent',
  },
} as const;

function states(before: SwapLayout, after: SwapLayout): Arch['states'] {
  return {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: before },
    after: { is: 'v6.3', commit: '83d3b2b46ea3', release: 'v6.3', swap: after },
  };
}

const swap32: SwapLayout = {
  source: 'arch/mips/include/asm/pgtable-32.h:231',
  type: '12:8',
  encodes: { type: '15:8' },
  offset: '31:13',
};

const states32 = states(swap32, {
  ...swap32,
  source: 'arch/mips/include/asm/pgtable-32.h:292',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
});

/** Entries of 32-bit kernels for CPUs with or without inhibit bits: the place of `_PAGE_NO_EXEC` is kept. */
export const mips32_std4k: Arch = {
  ...common,
  id: 'mips32_std_4k',
  title: 'MIPS, 32-bit, 4 KiB pages',
  config: 'CPU_MIPS32_R2, PAGE_SIZE_4KB',
  pteBits: 32,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  bits: {
    _PAGE_PRESENT: [0, 124, 'present'],
    _PAGE_WRITE: [1, 128, 'writable'],
    _PAGE_ACCESSED: [2, 129, 'accessed'],
    _PAGE_MODIFIED: [3, 130, 'written'],
    _PAGE_NO_READ: [5, 143, 'no reading'],
    _PAGE_GLOBAL: [6, 145, 'survives address-space switches'],
    _PAGE_VALID: [7, 146, 'the MMU may use the entry'],
    _PAGE_DIRTY: [8, 147, 'the MMU lets stores through'],
    _CACHE_MASK: ['11:9', 148, 'memory type'],
  },
  masks: {
    ...masks,
    _PAGE_NO_EXEC: '0',
    _PFN_MASK: '[31:12]',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_WRITE',
  },
  pfn: { at: '31:12' },
  states: states32,
};

export const mips32_std: Arch = {
  ...mips32_std4k,
  id: 'mips32_std',
  title: 'MIPS, 32-bit, 16 KiB pages',
  config: 'CPU_MIPS32_R2, PAGE_SIZE_16KB',
  pageShift: 14,
  levels: vaSplit(14, { pgd: 6, pte: 12 }),
  masks: { ...mips32_std4k.masks, _PFN_MASK: '[31:14]' },
  pfn: { at: '31:14' },
};

export const mips32_stdRixi: Arch = {
  ...mips32_std,
  id: 'mips32_std_rixi',
  title: 'MIPS, 32-bit, 16 KiB pages, read and execute inhibit',
  config: 'CPU_MIPS32_R2, PAGE_SIZE_16KB, CPU_HAS_RIXI',
  bits: { ...mips32_std.bits, _PAGE_NO_EXEC: [4, 142, 'no execution'] },
  masks: {
    ...masks,
    _PFN_MASK: '[31:14]',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_WRITE',
  },
};

export const mips32_r3k: Arch = {
  ...mips32_std4k,
  ...special,
  id: 'mips32_r3k',
  title: 'MIPS, R3000',
  config: 'CPU_R3K_TLB',
  byteOrder: 'little',
  bits: {
    ...softwareBits,
    _PAGE_GLOBAL: [8, 113, 'survives address-space switches'],
    _PAGE_VALID: [9, 114, 'the MMU may use the entry'],
    _PAGE_DIRTY: [10, 115, 'the MMU lets stores through'],
    _CACHE_MASK: [11, 116, 'not cached'],
  },
  masks: {
    ...masks,
    _PAGE_NO_EXEC: '0',
    _PFN_MASK: '[31:12]',
    _PAGE_SWP_EXCLUSIVE: '[7]',
  },
  states: states(
    {
      source: 'arch/mips/include/asm/pgtable-32.h:197',
      type: '14:10',
      encodes: { type: '17:10' },
      offset: '31:15',
    },
    {
      source: 'arch/mips/include/asm/pgtable-32.h:211',
      type: '14:10',
      offset: '31:15',
      exclusive: '_PAGE_SWP_EXCLUSIVE',
    },
  ),
};

/**
 * 64-bit entries on a 32-bit CPU: `pte_low` is bits 31:0, `pte_high` 63:32. What the TLB takes stands in the high
 * word, and in the low word once more; the protections, 32 bits wide, are given to both.
 */
export const mips32_phys64Alchemy: Arch = {
  ...common,
  ...special,
  id: 'mips32_phys64_alchemy',
  title: 'MIPS, 32-bit with 36-bit physical addresses (Alchemy)',
  config: 'CPU_MIPS32, PHYS_ADDR_T_64BIT',
  pteBits: 64,
  longBits: 32,
  pgprotIsLong: true,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  bits: {
    _PAGE_GLOBAL: ['32 0', 76, 'survives address-space switches'],
    _PAGE_VALID: ['33 1', 77, 'the MMU may use the entry'],
    _PAGE_DIRTY: ['34 2', 78, 'the MMU lets stores through'],
    _CACHE_MASK: ['37:35 5:3', 79, 'memory type'],
    _PAGE_PRESENT: [6, 82, 'present'],
    _PAGE_NO_READ: [7, 83, 'no reading'],
    _PAGE_WRITE: [8, 84, 'writable'],
    _PAGE_ACCESSED: [9, 85, 'accessed'],
    _PAGE_MODIFIED: [10, 86, 'written'],
    _PAGE_SPECIAL: [11, 88, 'no struct page behind it'],
  },
  masks: {
    ...masks,
    _PAGE_NO_EXEC: '0',
    _PFN_MASK: '[63:38] | [31:6]',
    _PAGE_SWP_EXCLUSIVE: '[7]',
  },
  pfn: { at: '63:38' },
  // The frame number's mask reaches over the low word's software bits, so that they stay what they were.
  modify: { keep: '_PAGE_CHG_MASK', take: '[31:0] | _PAGE_GLOBAL | _PAGE_VALID | _PAGE_DIRTY' },
  states: states(
    {
      source: 'arch/mips/include/asm/pgtable-32.h:217',
      type: '38:34',
      encodes: { type: '41:34' },
      offset: '63:39',
    },
    {
      source: 'arch/mips/include/asm/pgtable-32.h:268',
      type: '38:34',
      offset: '63:39',
      exclusive: '_PAGE_SWP_EXCLUSIVE',
    },
  ),
};

/** As on Alchemy, but each bit stands in one word only: the TLB's in `pte_high`, software's in `pte_low`. */
export const mips32_xpa: Arch = {
  ...common,
  id: 'mips32_xpa',
  title: 'MIPS, 32-bit with 40-bit physical addresses (XPA), 16 KiB pages',
  config: 'CPU_MIPS32_R5_XPA, PAGE_SIZE_16KB',
  pteBits: 64,
  longBits: 32,
  pgprotIsLong: true,
  byteOrder: 'little',
  pageShift: 14,
  physBits: 40,
  levels: vaSplit(14, { pgd: 7, pte: 11 }),
  bits: {
    _PAGE_PRESENT: [24, 51, 'present'],
    _PAGE_WRITE: [25, 52, 'writable'],
    _PAGE_ACCESSED: [26, 53, 'accessed'],
    _PAGE_MODIFIED: [27, 54, 'written'],
    _PAGE_NO_EXEC: [32, 43, 'no execution'],
    _PAGE_NO_READ: [33, 44, 'no reading'],
    _PAGE_GLOBAL: [34, 45, 'survives address-space switches'],
    _PAGE_VALID: [35, 46, 'the MMU may use the entry'],
    _PAGE_DIRTY: [36, 47, 'the MMU lets stores through'],
    _CACHE_MASK: ['39:37', 48, 'memory type'],
  },
  masks: {
    ...masks,
    _PFNX_MASK: '[23:0]',
    _PFN_MASK: '[63:42]',
    _PAGE_SWP_EXCLUSIVE: '[25]',
  },
  // pte_low takes the frame number from bit 24 on, pte_high its lowest 22 bits: with 16 KiB pages two are lost.
  pfn: { at: '7:0 -2 63:42' },
  predicates: { ...predicates, none: { none: '~([31:0] | _PAGE_GLOBAL)' } },
  operations: {
    ...operations,
    // The kernel asks pte_low for _PAGE_NO_READ, which stands in pte_high: it meets a bit of the frame number.
    mkyoung: [{ set: '_PAGE_ACCESSED' }, { when: { none: '[1]' }, set: '_PAGE_SILENT_READ' }],
  },
  modify: {
    keep: '_PAGE_MODIFIED | _PAGE_ACCESSED | _PFNX_MASK | _PFN_MASK | _CACHE_MASK',
    take: '~(_PFNX_MASK | _PFN_MASK | _CACHE_MASK)',
  },
  states: states(
    {
      source: 'arch/mips/include/asm/pgtable-32.h:208',
      type: '40:36',
      encodes: { type: '43:36' },
      offset: '63:41',
    },
    {
      source: 'arch/mips/include/asm/pgtable-32.h:239',
      type: '40:36',
      offset: '63:41',
      exclusive: '_PAGE_SWP_EXCLUSIVE',
    },
  ),
};

export const mips64_4k: Arch = {
  ...common,
  ...special,
  id: 'mips64_4k',
  title: 'MIPS, 64-bit, 4 KiB pages',
  config: '64BIT, PAGE_SIZE_4KB, !CPU_HAS_RIXI',
  pteBits: 64,
  longBits: 64,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 48,
  levels: vaSplit(12, { pgd: 10, pmd: 9, pte: 9 }),
  bits: {
    ...softwareBits,
    _PAGE_GLOBAL: [6, 145, 'survives address-space switches'],
    _PAGE_VALID: [7, 146, 'the MMU may use the entry'],
    _PAGE_DIRTY: [8, 147, 'the MMU lets stores through'],
    _CACHE_MASK: ['11:9', 148, 'memory type'],
  },
  masks: {
    ...masks,
    _PAGE_NO_EXEC: '0',
    _PFN_MASK: '[63:12]',
    _PAGE_SWP_EXCLUSIVE: '[23]',
  },
  pfn: { at: '63:12' },
  states: states(
    { source: 'arch/mips/include/asm/pgtable-64.h:329', type: '23:16', offset: '63:24' },
    {
      source: 'arch/mips/include/asm/pgtable-64.h:341',
      type: '22:16',
      offset: '63:24',
      exclusive: '_PAGE_SWP_EXCLUSIVE',
    },
  ),
};

export const mips64_16k: Arch = {
  ...mips64_4k,
  id: 'mips64_16k',
  title: 'MIPS, 64-bit, 16 KiB pages',
  config: '64BIT, PAGE_SIZE_16KB, !CPU_HAS_RIXI',
  pageShift: 14,
  levels: vaSplit(14, { pgd: 11, pmd: 11, pte: 11 }),
  masks: { ...mips64_4k.masks, _PFN_MASK: '[63:14]' },
  pfn: { at: '63:14' },
};

export const mips64_4kRixi: Arch = {
  ...mips64_4k,
  id: 'mips64_4k_rixi',
  title: 'MIPS, 64-bit, 4 KiB pages, read and execute inhibit',
  config: '64BIT, PAGE_SIZE_4KB, CPU_HAS_RIXI',
  byteOrder: 'little',
  physBits: 64,
  bits: {
    _PAGE_PRESENT: [0, 124, 'present'],
    _PAGE_WRITE: [1, 128, 'writable'],
    _PAGE_ACCESSED: [2, 129, 'accessed'],
    _PAGE_MODIFIED: [3, 130, 'written'],
    _PAGE_SPECIAL: [4, 135, 'no struct page behind it'],
    _PAGE_NO_EXEC: [5, 142, 'no execution'],
    _PAGE_NO_READ: [6, 143, 'no reading'],
    _PAGE_GLOBAL: [7, 145, 'survives address-space switches'],
    _PAGE_VALID: [8, 146, 'the MMU may use the entry'],
    _PAGE_DIRTY: [9, 147, 'the MMU lets stores through'],
    _CACHE_MASK: ['12:10', 148, 'memory type'],
  },
  masks: { ...masks, _PFN_MASK: '[63:13]', _PAGE_SWP_EXCLUSIVE: '[23]' },
  pfn: { at: '63:13' },
};

export const mips64_64k: Arch = {
  ...mips64_4kRixi,
  id: 'mips64_64k',
  title: 'MIPS, 64-bit, 64 KiB pages, read and execute inhibit',
  config: '64BIT, PAGE_SIZE_64KB, CPU_HAS_RIXI',
  pageShift: 16,
  levels: vaSplit(16, { pgd: 13, pte: 13 }),
  masks: { ...masks, _PFN_MASK: '[63:17]', _PAGE_SWP_EXCLUSIVE: '[23]' },
  pfn: { at: '63:17' },
};
