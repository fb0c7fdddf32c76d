import { type Kconfig, type Level, type Mask } from './arch.js';

/** What most default configurations choose. */
export const usualKconfig: Kconfig = {
  SWAP: true,
  MIGRATION: true,
  DEVICE_PRIVATE: false,
  MEMORY_FAILURE: false,
  PTE_MARKER_UFFD_WP: false,
  HAVE_ARCH_USERFAULTFD_MINOR: false,
  HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD: false,
};

/** The levels of page tables, root first, from the number of address bits that each translates. */
export function vaSplit(
  pageShift: number,
  bits: Readonly<Partial<Record<Level['name'], number>>>,
): readonly Level[] {
  const levels: Level[] = [];
  let shift = pageShift;
  for (const [name, count] of Object.entries(bits).reverse()) {
    levels.unshift({ name: name as Level['name'], shift, bits: count });
    shift += count;
  }
  return levels;
}

/**
 * A `protection_map[]` in which writing includes reading, and a private mapping that may be written starts
 * without.
 */
export function protections(prots: {
  readonly none: Mask;
  readonly read: Mask;
  readonly exec?: Mask;
  readonly readExec: Mask;
  readonly copy: Mask;
  readonly copyExec: Mask;
  readonly shared: Mask;
  readonly sharedExec: Mask;
}): readonly Mask[] {
  const { none, read, readExec, exec = readExec, copy, copyExec, shared, sharedExec } = prots;
  return [
    ...[none, read, copy, copy, exec, readExec, copyExec, copyExec],
    ...[none, read, shared, shared, exec, readExec, sharedExec, sharedExec],
  ];
}

/** A `protection_map[]` that gives each access its own bits; a private mapping that may be written starts without. */
export function protectionsByAccess(bits: {
  readonly base: Mask;
  readonly read: Mask;
  readonly write: Mask;
  readonly exec: Mask;
}): readonly Mask[] {
  const { base, read, write, exec } = bits;
  return [...Array(16).keys()].map((vmFlags) => {
    const mayWrite = (vmFlags & 10) === 10;
    const parts = [base, vmFlags & 1 ? read : [], mayWrite ? write : [], vmFlags & 4 ? exec : []];
    return parts.flat().join(' | ');
  });
}
