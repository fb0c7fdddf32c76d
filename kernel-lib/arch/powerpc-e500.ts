import { type Arch, type BitField, type SwapLayout } from './arch.js';
import { beforeSeries, common, pgprots, predicates, withWideDecoding } from './powerpc.js';
import { nohash32States } from './powerpc-nohash32.js';
import { vaSplit } from './shorthand.js';

const e500Bits: Record<string, BitField> = {
  _PAGE_PRESENT: [0, 13, 'present'],
  _PAGE_SW1: [1, 14, 'software'],
  _PAGE_BAP_SR: [2, 16, 'kernel may read'],
  _PAGE_BAP_UR: [3, 17, 'user may read'],
  _PAGE_BAP_SW: [4, 18, 'kernel may write'],
  _PAGE_BAP_UW: [5, 19, 'user may write'],
  _PAGE_BAP_SX: [6, 20, 'kernel may execute'],
  _PAGE_BAP_UX: [7, 21, 'user may execute'],
  _PAGE_PSIZE_MSK: ['11:8', 22, 'page size'],
  _PAGE_DIRTY: [12, 37, 'written'],
  _PAGE_SW0: [13, 38, 'no struct page behind it'],
  _PAGE_ACCESSED: [18, 43, 'accessed'],
  _PAGE_ENDIAN: [19, 44, 'little endian'],
  _PAGE_GUARDED: [20, 45, 'no speculative access'],
  _PAGE_COHERENT: [21, 46, 'coherent between CPUs'],
  _PAGE_NO_CACHE: [22, 47, 'not cached'],
  _PAGE_WRITETHRU: [23, 48, 'write-through'],
};

const e500 = {
  ...common,
  pteBits: 64,
  header: 'arch/powerpc/include/asm/nohash/pte-e500.h',
  bits: e500Bits,
  masks: {
    _PAGE_SPECIAL: '_PAGE_SW0',
    _PAGE_EXEC: '_PAGE_BAP_SX | _PAGE_BAP_UX',
    _PAGE_RW: '_PAGE_BAP_SW | _PAGE_BAP_UW',
    _PAGE_USER: '_PAGE_BAP_UR | _PAGE_BAP_SR',
    _PAGE_PSIZE_4K: '[9]',
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_PSIZE_4K | _PAGE_COHERENT',
    _PAGE_CHG_MASK: '[63:24] | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '[2]',
  },
  pgprots: {
    ...pgprots,
    PAGE_SHARED_X: 'PAGE_SHARED | _PAGE_BAP_UX',
    PAGE_COPY_X: 'PAGE_COPY | _PAGE_BAP_UX',
    PAGE_READONLY_X: 'PAGE_READONLY | _PAGE_BAP_UX',
    PAGE_KERNEL: '_PAGE_BASE | _PAGE_BAP_SW | _PAGE_BAP_SR | _PAGE_DIRTY',
    PAGE_KERNEL_RO: '_PAGE_BASE | _PAGE_BAP_SR',
  },
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    load: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_BAP_UR' },
    store: { all: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_BAP_UW | _PAGE_DIRTY' },
    note: 'the TLB handler withholds writing while DIRTY is clear',
  },
} as const;

export const ppcNohash32_e500Pte64: Arch = {
  ...e500,
  id: 'ppc_nohash32_e500_pte64',
  title: 'PowerPC e500, 32-bit, 64-bit PTEs',
  config: 'PPC_85xx, PTE_64BIT',
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  pfn: { at: '55:24' },
  predicates: { ...predicates, none: { none: '~[63:32]' } },
  states: withWideDecoding(nohash32States),
};

const nohash64Swap: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/64/pgtable.h:285',
  type: '6:2',
  encodes: { type: '9:2' },
  offset: '63:24',
};

export const ppcNohash64_e500: Arch = {
  ...e500,
  id: 'ppc_nohash64_e500',
  title: 'PowerPC e500, 64-bit',
  config: 'PPC_BOOK3E_64',
  longBits: 64,
  physBits: 44,
  clearsYoungUnflushed: 'pte',
  levels: vaSplit(12, { pgd: 9, pud: 9, pmd: 7, pte: 9 }),
  masks: { ...e500.masks, _PAGE_SWP_EXCLUSIVE: '_PAGE_BAP_UX' },
  pfn: { at: '63:24' },
  states: {
    before: { ...beforeSeries, swap: nohash64Swap },
    after: {
      is: 'v6.3',
      commit: '2bba2ffbe030',
      release: 'v6.3',
      swap: {
        source: 'arch/powerpc/include/asm/nohash/64/pgtable.h:300',
        type: '6:2',
        offset: '63:24',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};
