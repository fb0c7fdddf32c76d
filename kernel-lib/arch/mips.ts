import { type Arch, type BitField, type SwapLayout } from './arch.js';
import { usualKconfig } from './shorthand.js';

/** Software bits of the usual entries, where the CPU has no read and execute inhibit. */
export const softwareBits: Record<string, BitField> = {
  _PAGE_PRESENT: [0, 124, 'present'],
  _PAGE_NO_READ: [1, 126, 'no reading'],
  _PAGE_WRITE: [2, 128, 'writable'],
  _PAGE_ACCESSED: [3, 129, 'accessed'],
  _PAGE_MODIFIED: [4, 130, 'written'],
  _PAGE_SPECIAL: [5, 135, 'no struct page behind it'],
};

export const masks = {
  _PAGE_SILENT_READ: '_PAGE_VALID',
  _PAGE_SILENT_WRITE: '_PAGE_DIRTY',
  _PAGE_CHG_MASK: '_PAGE_ACCESSED | _PAGE_MODIFIED | _PFN_MASK | _CACHE_MASK',
};

export const predicates = {
  none: { none: '~_PAGE_GLOBAL' },
  present: '_PAGE_PRESENT',
  write: '_PAGE_WRITE',
  dirty: '_PAGE_MODIFIED',
  young: '_PAGE_ACCESSED',
};

export const operations = {
  mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_MODIFIED', set: '_PAGE_SILENT_WRITE' }],
  wrprotect: { clear: '_PAGE_WRITE | _PAGE_SILENT_WRITE' },
  mkdirty: [{ set: '_PAGE_MODIFIED' }, { when: '_PAGE_WRITE', set: '_PAGE_SILENT_WRITE' }],
  mkclean: { clear: '_PAGE_MODIFIED | _PAGE_SILENT_WRITE' },
  mkyoung: [{ set: '_PAGE_ACCESSED' }, { when: { none: '_PAGE_NO_READ' }, set: '_PAGE_SILENT_READ' }],
  mkold: { clear: '_PAGE_ACCESSED | _PAGE_SILENT_READ' },
};

export const special = {
  predicates: { ...predicates, special: '_PAGE_SPECIAL' },
  operations: { ...operations, mkspecial: { set: '_PAGE_SPECIAL' } },
};

/** `setup_protection_map()` without the cache attribute that it adds at run time. */
export const noExec = '_PAGE_PRESENT | _PAGE_NO_EXEC';
export const protectionMap = [
  ...[`${noExec} | _PAGE_NO_READ`, noExec, `${noExec} | _PAGE_NO_READ`, noExec],
  ...['_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT'],
  ...[`${noExec} | _PAGE_NO_READ`, noExec],
  ...[`${noExec} | _PAGE_WRITE | _PAGE_NO_READ`, `${noExec} | _PAGE_WRITE`],
  ...['_PAGE_PRESENT', '_PAGE_PRESENT', '_PAGE_PRESENT | _PAGE_WRITE', '_PAGE_PRESENT | _PAGE_WRITE'],
];

export const common = {
  family: 'mips',
  swMkyoung: true,
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
    load: '_PAGE_VALID',
    store: { all: '_PAGE_VALID | _PAGE_DIRTY' },
    // The handler of stores does not ask for _PAGE_NO_READ.
    onStore: { when: '_PAGE_WRITE', set: '_PAGE_ACCESSED | _PAGE_MODIFIED | _PAGE_VALID | _PAGE_DIRTY' },
    note: 'the TLB handlers set VALID with ACCESSED, and DIRTY with MODIFIED if WRITE is set; then stores are silent',
  },
} as const;

export function states(before: SwapLayout, after: SwapLayout): Arch['states'] {
  return {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: before },
    after: { is: 'v6.3', commit: '83d3b2b46ea3', release: 'v6.3', swap: after },
  };
}
