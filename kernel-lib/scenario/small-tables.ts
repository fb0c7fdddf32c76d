import type { Arch } from '../arch/arch.js';
import { vaSplit } from '../arch/shorthand.js';
import { archById } from '../arch/variants.js';
import { InputError } from '../base/error.js';
import type { Machine } from '../machine/machine.js';

/** How a race's page tables differ from those of its architecture: by parameters, which every report prints. */
export interface SmallTables {
  /** Entries of one table, and so pages of a huge page: a power of two. */
  readonly entries: number;
  /** Bits of the frame number that the low half of a 64-bit entry holds; the high half holds the others. */
  readonly lowFrameBits: number;
}

/**
 * The architecture with tables of few entries, in which the pages of a small memory differ in both halves of their
 * entries: 20 bits of a frame number fit into the low half of x86's, so otherwise that would take more than 4 GiB.
 */
export function smallTables(id: string, { entries, lowFrameBits }: SmallTables): Arch {
  const arch = archById(id);
  const bits = Math.log2(entries);
  if (arch.pteBits !== 64 || arch.longBits !== 32 || arch.levels.length !== 3)
    throw new InputError(
      `${id} is not a 32-bit machine with three levels of 64-bit entries: take x86_32_pae`,
    );
  if (!Number.isInteger(bits) || bits < 1 || bits > 2)
    throw new InputError(`tables of ${entries} entries; allowed: 2, 4`);
  if (!(lowFrameBits >= 1 && lowFrameBits <= 20))
    throw new InputError(`${lowFrameBits} bits of the frame number in the low half; allowed: 1 to 20`);
  const pfnMask = `[51:${32 - lowFrameBits}]`;
  return {
    ...arch,
    levels: vaSplit(arch.pageShift, { pgd: 2, pmd: bits, pte: bits }),
    masks: { ...arch.masks, PTE_PFN_MASK: pfnMask },
    pfn: { ...arch.pfn, at: pfnMask.slice(1, -1) },
  };
}

/** The architecture with huge pages of few pages. @throws InputError where it has none */
export function withHugePagesOf(id: string, nrPages: 4): Arch {
  const arch = archById(id);
  if (arch.huge === undefined) throw new InputError(`${id} has no huge pages; loongarch64_16k, for one, has`);
  const bits = arch.levels.map(({ name }) => [name, name === 'pte' ? Math.log2(nrPages) : 2]);
  return { ...arch, levels: vaSplit(arch.pageShift, Object.fromEntries(bits)) };
}

/** A frame behind which, by blocks of `nr`, frames differ from it in both halves of their entries. */
export function pfnsApart(k: Machine, { lowFrameBits }: SmallTables, nr: number): number {
  const span = 2 ** lowFrameBits;
  const edge = Math.ceil((k.globals.nextFrame + nr) / span) * span;
  return edge - nr;
}
