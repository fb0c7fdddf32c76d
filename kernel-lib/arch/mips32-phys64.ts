import { type Arch } from './arch.js';
import { common, masks, operations, predicates, special, states } from './mips.js';
import { vaSplit } from './shorthand.js';

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
  loadNeeds: 'VM_READ',
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
  // Here the MMU itself knows the read-inhibit bit.
  hardware: { ...common.hardware, load: { and: ['_PAGE_VALID', { none: '_PAGE_NO_READ' }] } },
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
