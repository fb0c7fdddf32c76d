import { type Arch, type SwapLayout } from './arch.js';
import { common, masks, softwareBits, special, states } from './mips.js';
import { vaSplit } from './shorthand.js';

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
  loadNeeds: 'VM_READ',
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
