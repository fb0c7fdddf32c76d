import { type Arch } from './arch.js';
import { common, masks, softwareBits, special, states } from './mips.js';
import { vaSplit } from './shorthand.js';

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
  loadNeeds: 'VM_READ',
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
