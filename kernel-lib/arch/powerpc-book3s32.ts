import { type Arch } from './arch.js';
import { beforeSeries, common, predicates, swap32, swap32After, withWideDecoding } from './powerpc.js';
import { vaSplit } from './shorthand.js';

const book3s32States: Arch['states'] = {
  before: {
    ...beforeSeries,
    swap: { ...swap32, source: 'arch/powerpc/include/asm/book3s/32/pgtable.h:371' },
  },
  after: {
    is: 'v6.3',
    commit: '8897ebff37fd',
    release: 'v6.3',
    swap: { ...swap32After, source: 'arch/powerpc/include/asm/book3s/32/pgtable.h:383' },
  },
};

export const ppcBook3s32: Arch = {
  ...common,
  id: 'ppc_book3s32',
  title: 'PowerPC, 32-bit hash MMU',
  config: 'PPC_BOOK3S_32, !PTE_64BIT',
  pteBits: 32,
  physBits: 32,
  levels: vaSplit(12, { pgd: 10, pte: 10 }),
  header: 'arch/powerpc/include/asm/book3s/32/pgtable.h',
  bits: {
    _PAGE_PRESENT: [0, 21, 'present'],
    _PAGE_HASHPTE: [1, 22, 'an entry of the hash table may exist'],
    _PAGE_USER: [2, 23, 'user mode may access'],
    _PAGE_GUARDED: [3, 24, 'no speculative access'],
    _PAGE_COHERENT: [4, 25, 'coherent between CPUs'],
    _PAGE_NO_CACHE: [5, 26, 'not cached'],
    _PAGE_WRITETHRU: [6, 27, 'write-through'],
    _PAGE_DIRTY: [7, 28, 'written'],
    _PAGE_ACCESSED: [8, 29, 'accessed'],
    _PAGE_EXEC: [9, 30, 'executable'],
    _PAGE_RW: [10, 31, 'writable'],
    _PAGE_SPECIAL: [11, 32, 'no struct page behind it'],
  },
  masks: {
    _PAGE_BASE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_COHERENT',
    PTE_RPN_MASK: '[31:12]',
    _PAGE_CHG_MASK: 'PTE_RPN_MASK | _PAGE_HASHPTE | _PAGE_DIRTY | _PAGE_ACCESSED | _PAGE_SPECIAL',
    _PAGE_SWP_EXCLUSIVE: '_PAGE_USER',
  },
  pfn: { at: '31:12' },
  predicates: { ...predicates, none: { none: '~_PAGE_HASHPTE' } },
  hardware: {
    walker: 'software',
    young: 'handler',
    dirty: 'handler',
    load: { all: '_PAGE_PRESENT | _PAGE_USER' },
    store: { all: '_PAGE_PRESENT | _PAGE_USER | _PAGE_RW | _PAGE_DIRTY' },
    note: 'hash_page() makes the entry of the hash table and sets ACCESSED, and DIRTY for a store if RW is set',
  },
  states: book3s32States,
};

export const ppcBook3s32Pte64: Arch = {
  ...ppcBook3s32,
  id: 'ppc_book3s32_pte64',
  title: 'PowerPC, 32-bit hash MMU, 64-bit PTEs',
  config: 'PPC_BOOK3S_32, PTE_64BIT',
  pteBits: 64,
  physBits: 38,
  levels: vaSplit(12, { pgd: 11, pte: 9 }),
  masks: { ...ppcBook3s32.masks, PTE_RPN_MASK: '[63:12]' },
  pfn: { at: '43:12' },
  // The upper word of an empty entry may be left over.
  predicates: { ...predicates, none: { none: '~([63:32] | _PAGE_HASHPTE)' } },
  states: withWideDecoding(book3s32States),
};
