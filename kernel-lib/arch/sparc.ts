import { type Arch, type ArchState, type Operations, type SwapLayout } from './arch.js';
import { protections, usualKconfig, vaSplit } from './shorthand.js';

const swap32: SwapLayout = {
  source: 'arch/sparc/include/asm/pgtable_32.h:327',
  type: '11:7',
  offset: '31:12',
};

export const sparc32: Arch = {
  id: 'sparc32',
  title: 'SPARC, 32-bit (SRMMU)',
  family: 'sparc',
  config: 'SPARC32',
  kconfig: usualKconfig,
  pteBits: 32,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  physBits: 32,
  levels: vaSplit(12, { pgd: 8, pmd: 6, pte: 6 }),
  header: 'arch/sparc/include/asm/pgtsrmmu.h',
  bits: {
    SRMMU_ET_MASK: ['1:0', 25, 'entry type: 2 is a page'],
    SRMMU_WRITE: [2, 49, 'writable'],
    SRMMU_EXEC: [3, 48, 'executable'],
    SRMMU_NOREAD: [4, 47, 'not readable by user mode'],
    SRMMU_REF: [5, 46, 'accessed'],
    SRMMU_DIRTY: [6, 45, 'written'],
    SRMMU_CACHE: [7, 44, 'cached'],
  },
  masks: {
    SRMMU_VALID: '[1]',
    SRMMU_PRIV: '[4:2]',
    SRMMU_CHG_MASK: '[31:8] | SRMMU_REF | SRMMU_DIRTY',
    SRMMU_SWP_EXCLUSIVE: 'SRMMU_DIRTY',
  },
  pfn: { at: '27:8', noneWhen: '[31:28]' },
  predicates: {
    present: { of: 'SRMMU_ET_MASK', is: 'SRMMU_VALID' },
    write: 'SRMMU_WRITE',
    dirty: 'SRMMU_DIRTY',
    young: 'SRMMU_REF',
  },
  operations: {
    mkwrite: { set: 'SRMMU_WRITE' },
    wrprotect: { clear: 'SRMMU_WRITE' },
    mkdirty: { set: 'SRMMU_DIRTY' },
    mkclean: { clear: 'SRMMU_DIRTY' },
    mkyoung: { set: 'SRMMU_REF' },
    mkold: { clear: 'SRMMU_REF' },
  },
  modify: { keep: 'SRMMU_CHG_MASK' },
  pgprots: {
    PAGE_NONE: 'SRMMU_CACHE | SRMMU_PRIV | SRMMU_REF',
    PAGE_SHARED: 'SRMMU_VALID | SRMMU_CACHE | SRMMU_EXEC | SRMMU_WRITE | SRMMU_REF',
    PAGE_COPY: 'SRMMU_VALID | SRMMU_CACHE | SRMMU_EXEC | SRMMU_REF',
    PAGE_READONLY: 'SRMMU_VALID | SRMMU_CACHE | SRMMU_EXEC | SRMMU_REF',
    PAGE_KERNEL: 'SRMMU_VALID | SRMMU_CACHE | SRMMU_PRIV | SRMMU_DIRTY | SRMMU_REF',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED',
  }),
  hardware: {
    walker: 'hardware',
    young: 'walker',
    dirty: 'walker',
    store: { and: [{ of: 'SRMMU_ET_MASK', is: 'SRMMU_VALID' }, 'SRMMU_WRITE', { none: 'SRMMU_NOREAD' }] },
    note: 'a PROT_NONE entry is not present: it keeps its frame number under an invalid entry type',
  },
  states: {
    before: { is: 'v6.1, no exclusive marker', release: 'v6.1', swap: swap32 },
    after: {
      is: 'v6.3',
      commit: 'e6b37d7f6f17',
      release: 'v6.3',
      swap: {
        ...swap32,
        source: 'arch/sparc/include/asm/pgtable_32.h:336',
        exclusive: 'SRMMU_SWP_EXCLUSIVE',
      },
    },
  },
};

const before: ArchState = {
  is: 'v6.1, no exclusive marker; pte_mkdirty() always lets the MMU write',
  release: 'v6.1',
  swap: { source: 'arch/sparc/include/asm/pgtable_64.h:965', type: '20:13', offset: '63:21' },
};

const after: ArchState = {
  is: 'v6.3; pte_mkdirty() always lets the MMU write',
  commit: 'adf8e329ff56',
  release: 'v6.3',
  swap: {
    source: 'arch/sparc/include/asm/pgtable_64.h:981',
    type: '19:13',
    offset: '63:21',
    exclusive: '_PAGE_SWP_EXCLUSIVE',
  },
};

const asking: Partial<Operations> = {
  mkdirty: [{ set: '_PAGE_MODIFIED' }, { when: '_PAGE_WRITE', set: '_PAGE_W' }],
  mkwrite: [{ set: '_PAGE_WRITE' }, { when: '_PAGE_MODIFIED', set: '_PAGE_W' }],
};

const states: Arch['states'] = {
  before,
  after,
  'mkdirty-asks': {
    ...after,
    is: 'from April 2023: pte_mkdirty() lets the MMU write only if the entry is writable, pte_mkwrite() if it is dirty',
    commit: 'fa2e71a6fcee',
    operations: asking,
  },
};

const common64 = {
  family: 'sparc',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'big',
  pageShift: 13,
  physBits: 53,
  levels: vaSplit(13, { pgd: 10, pud: 10, pmd: 10, pte: 10 }),
  header: 'arch/sparc/include/asm/pgtable_64.h',
  predicates: {
    present: '_PAGE_PRESENT',
    write: '_PAGE_WRITE',
    dirty: '_PAGE_MODIFIED',
    young: '_PAGE_ACCESSED',
    exec: '_PAGE_EXEC',
    special: '_PAGE_SPECIAL',
  },
  operations: {
    mkwrite: { set: '_PAGE_WRITE' },
    wrprotect: { clear: '_PAGE_WRITE | _PAGE_W' },
    mkdirty: { set: '_PAGE_MODIFIED | _PAGE_W' },
    mkclean: { clear: '_PAGE_MODIFIED | _PAGE_W' },
    mkyoung: { set: '_PAGE_ACCESSED | _PAGE_R' },
    mkold: { clear: '_PAGE_ACCESSED | _PAGE_R' },
    mkspecial: { set: '_PAGE_SPECIAL' },
  },
  modify: { keep: '_PAGE_CHG_MASK', take: '~_PAGE_CHG_MASK' },
  huge: {
    mkhuge: { set: '_PAGE_SZHUGE | _PAGE_PMD_HUGE' },
    transHuge: '_PAGE_PMD_HUGE',
    present: '~0',
    mkinvalid: { clear: '_PAGE_VALID' },
  },
  pgprots: {
    PAGE_NONE: '_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_CACHE',
    page_readonly: '_PAGE_VALID | _PAGE_PRESENT | _PAGE_CACHE | __ACCESS_BITS',
    PAGE_SHARED: 'page_readonly | _PAGE_WRITE | _PAGE_EXEC',
    PAGE_COPY: 'page_readonly | _PAGE_EXEC',
    PAGE_KERNEL:
      '_PAGE_PRESENT | _PAGE_VALID | _PAGE_CACHE | _PAGE_P | __ACCESS_BITS | __DIRTY_BITS | _PAGE_EXEC',
  },
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'page_readonly',
    readExec: 'page_readonly | _PAGE_EXEC',
    copy: 'page_readonly',
    copyExec: 'PAGE_COPY',
    shared: 'page_readonly | _PAGE_WRITE',
    sharedExec: 'PAGE_SHARED',
  }),
  hardware: {
    walker: 'software',
    young: 'fault',
    dirty: 'fault',
    load: { and: [{ all: '_PAGE_VALID | _PAGE_PRESENT' }, { none: '_PAGE_P' }] },
    store: { and: [{ all: '_PAGE_VALID | _PAGE_PRESENT | _PAGE_W' }, { none: '_PAGE_P' }] },
    note: 'the TSB-miss handler loads the entry as it stands; the kernel sets MODIFIED and W together',
  },
  states,
  eras: [{ patch: 'sparcMkdirtyAsks', holds: 'since', operations: asking }],
} as const;

const masks64 = {
  _PAGE_R: '_PAGE_VALID',
  _PAGE_CACHE: '_PAGE_CP | _PAGE_CV',
  __ACCESS_BITS: '_PAGE_ACCESSED | _PAGE_READ | _PAGE_R',
  __DIRTY_BITS: '_PAGE_MODIFIED | _PAGE_WRITE | _PAGE_W',
  _PAGE_CHG_MASK:
    '_PAGE_PADDR | _PAGE_MODIFIED | _PAGE_ACCESSED | _PAGE_CACHE | _PAGE_E | _PAGE_SPECIAL | _PAGE_PMD_HUGE | _PAGE_SZALL',
  _PAGE_SWP_EXCLUSIVE: '[20]',
};

/** UltraSPARC I to IV. The names lack their `_4U`, since every sparc64 record spells its bits alike. */
export const sparc64: Arch = {
  ...common64,
  id: 'sparc64',
  title: 'SPARC, 64-bit (sun4u)',
  config: 'SPARC64, run on sun4u',
  bits: {
    _PAGE_W: [1, 146, 'the MMU lets stores through'],
    _PAGE_P: [2, 145, 'kernel only'],
    _PAGE_E: [3, 144, 'has side effects'],
    _PAGE_CV: [4, 143, 'in the virtually indexed cache'],
    _PAGE_CP: [5, 142, 'in the physically indexed cache'],
    _PAGE_L: [6, 141, 'stays in the TLB'],
    _PAGE_PRESENT: [7, 140, 'present'],
    _PAGE_WRITE: [8, 139, 'writable'],
    _PAGE_READ: [9, 138, 'readable'],
    _PAGE_ACCESSED: [10, 137, 'accessed'],
    _PAGE_MODIFIED: [11, 136, 'written'],
    _PAGE_EXEC: [12, 135, 'executable'],
    _PAGE_PMD_HUGE: [56, 126, 'huge page'],
    _PAGE_SPECIAL: [57, 125, 'no struct page behind it'],
    _PAGE_IE: [59, 123, 'little endian'],
    _PAGE_NFO: [60, 122, 'no-fault loads only'],
    _PAGE_SZALL: ['62:61 48', 130, 'page size'],
    _PAGE_VALID: [63, 111, 'the TSB-miss handler may use the entry'],
  },
  masks: { ...masks64, _PAGE_PADDR: '[42:13]', _PAGE_SZHUGE: '[62:61]' },
  pfn: { at: '42:13', unmasked: true },
};

/** Niagara and later, under the hypervisor; the names lack their `_4V`. */
export const sparc64Sun4v: Arch = {
  ...common64,
  id: 'sparc64_sun4v',
  title: 'SPARC, 64-bit (sun4v)',
  config: 'SPARC64, run on sun4v',
  bits: {
    _PAGE_SZALL: ['2:0', 178, 'page size'],
    _PAGE_PRESENT: [4, 168, 'present'],
    _PAGE_W: [6, 166, 'the MMU lets stores through'],
    _PAGE_EXEC: [7, 165, 'executable'],
    _PAGE_P: [8, 164, 'kernel only'],
    _PAGE_CV: [9, 161, 'in the virtually indexed cache'],
    _PAGE_CP: [10, 160, 'in the physically indexed cache'],
    _PAGE_E: [11, 159, 'has side effects'],
    _PAGE_IE: [12, 158, 'little endian'],
    _PAGE_PMD_HUGE: [56, 156, 'huge page'],
    _PAGE_SPECIAL: [57, 155, 'no struct page behind it'],
    _PAGE_WRITE: [58, 154, 'writable'],
    _PAGE_READ: [59, 153, 'readable'],
    _PAGE_ACCESSED: [60, 152, 'accessed'],
    _PAGE_MODIFIED: [61, 151, 'written'],
    _PAGE_NFO: [62, 149, 'no-fault loads only'],
    _PAGE_VALID: [63, 111, 'the TSB-miss handler may use the entry'],
  },
  masks: { ...masks64, _PAGE_PADDR: '[55:13]', _PAGE_SZHUGE: '[1:0]' },
  pfn: { at: '55:13', unmasked: true },
};

/**
 * M7: bit 9 enables memory-corruption detection, so that pte_modify() takes it from the protection. The vectors'
 * protections carry it as on other sun4v machines.
 */
export const sparc64Sun4vM7: Arch = {
  ...sparc64Sun4v,
  id: 'sparc64_sun4v_m7',
  title: 'SPARC, 64-bit (sun4v, M7)',
  config: 'SPARC64, run on M7',
  masks: {
    ...sparc64Sun4v.masks,
    _PAGE_MCD: '_PAGE_CV',
    _PAGE_CHG_MASK:
      '_PAGE_PADDR | _PAGE_MODIFIED | _PAGE_ACCESSED | _PAGE_CP | _PAGE_E | _PAGE_SPECIAL | _PAGE_PMD_HUGE | _PAGE_SZALL',
  },
};
