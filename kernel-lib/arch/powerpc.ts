import { type Arch, type SwapLayout } from './arch.js';
import { protections, usualKconfig } from './shorthand.js';

export const predicates = {
  present: '_PAGE_PRESENT',
  write: '_PAGE_RW',
  dirty: '_PAGE_DIRTY',
  young: '_PAGE_ACCESSED',
  exec: '_PAGE_EXEC',
  special: '_PAGE_SPECIAL',
};

export const operations = {
  mkwrite: { set: '_PAGE_RW' },
  wrprotect: { clear: '_PAGE_RW' },
  mkdirty: { set: '_PAGE_DIRTY' },
  mkclean: { clear: '_PAGE_DIRTY' },
  mkyoung: { set: '_PAGE_ACCESSED' },
  mkold: { clear: '_PAGE_ACCESSED' },
  mkspecial: { set: '_PAGE_SPECIAL' },
};

export const pgprots = {
  PAGE_NONE: '_PAGE_BASE',
  PAGE_SHARED: '_PAGE_BASE | _PAGE_USER | _PAGE_RW',
  PAGE_SHARED_X: '_PAGE_BASE | _PAGE_USER | _PAGE_RW | _PAGE_EXEC',
  PAGE_COPY: '_PAGE_BASE | _PAGE_USER',
  PAGE_COPY_X: '_PAGE_BASE | _PAGE_USER | _PAGE_EXEC',
  PAGE_READONLY: '_PAGE_BASE | _PAGE_USER',
  PAGE_READONLY_X: '_PAGE_BASE | _PAGE_USER | _PAGE_EXEC',
  PAGE_KERNEL: '_PAGE_BASE | _PAGE_DIRTY | _PAGE_RW',
  PAGE_KERNEL_RO: '_PAGE_BASE',
};

/** What the powerpc records share. */
export const common = {
  family: 'powerpc',
  kconfig: usualKconfig,
  longBits: 32,
  byteOrder: 'big',
  pageShift: 12,
  predicates,
  operations,
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots,
  protectionMap: protections({
    none: 'PAGE_NONE',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY_X',
    copy: 'PAGE_COPY',
    copyExec: 'PAGE_COPY_X',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_X',
  }),
} as const;

/** `swp_entry_t` shifted up by 3, as the 32-bit kernels have it; 64-bit PTEs read back more than was stored. */
export const swap32: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/32/pgtable.h:363',
  type: '7:3',
  encodes: { type: '10:3' },
  offset: '31:8',
};

export const swap32After: SwapLayout = {
  source: 'arch/powerpc/include/asm/nohash/32/pgtable.h:378',
  type: '7:3',
  offset: '31:8',
  exclusive: '_PAGE_SWP_EXCLUSIVE',
};

export const beforeSeries = { is: 'v6.1, no exclusive marker', release: 'v6.1' } as const;

/** The states of a 64-bit PTE on a 32-bit CPU: decoding sees three bits of the upper word. */
export function withWideDecoding({ before, after }: Arch['states']): Arch['states'] {
  return {
    before: { ...before, swap: { ...before.swap, decodes: { offset: '34:8' } } },
    after: { ...after, swap: { ...after.swap, decodes: { offset: '34:8' } } },
  };
}
