import { type Slice, bitsOf, maskOf, parseSlices } from '../base/bitfield.js';
import { type Arch, type ArchState, type EntryBits } from './arch.js';
import { maskReader } from './mask.js';

/** What the bits of an entry are, in one of its two shapes. */
export interface Field {
  readonly name: string;
  readonly means: string;
  readonly role: 'frame' | 'flag' | 'type' | 'offset' | 'marker' | 'fixed';
  /** Its places, lowest first. */
  readonly slices: readonly Slice[];
}

/** The fields of a present entry, from bit 0 up. */
export function presentFields({ pfn, bits }: EntryBits): readonly Field[] {
  const frame: Field = {
    name: 'PFN',
    means: 'frame number',
    role: 'frame',
    slices: parseSlices(pfn.at),
  };
  const flags = Object.entries(bits).map(([name, [at, , means]]): Field => ({
    name,
    means,
    role: 'flag',
    slices: parseSlices(String(at)),
  }));
  return [frame, ...flags].sort((a, b) => a.slices[0]!.at - b.slices[0]!.at);
}

/** The fields of a swap entry in one state, from bit 0 up. */
export function swapFields(arch: Arch, { swap }: ArchState): readonly Field[] {
  const masks = maskReader(arch);
  const marker = (name: string, mask: string | undefined, means: string): Field[] =>
    mask === undefined ? [] : [{ name, means, role: 'marker', slices: runs(masks.value(mask)) }];
  const fields: Field[] = [
    { name: 'type', means: 'swap type', role: 'type', slices: parseSlices(swap.type) },
    {
      name: 'offset',
      means: swap.inverted ? 'swap offset, inverted' : 'swap offset',
      role: 'offset',
      slices: parseSlices(swap.offset),
    },
    ...marker('exclusive', swap.exclusive, 'the page was exclusive to one process'),
    ...marker('soft-dirty', swap.softDirty, 'written since clear_refs'),
    ...marker('uffd-wp', swap.uffdWp, 'write-protected by userfaultfd'),
  ];
  // Bits that are inverted beyond the offset hold nothing, and so are ones.
  const beyond = masks.value(swap.inverted ?? '0') & ~maskOf(parseSlices(swap.offset));
  const ones = masks.value(swap.fixed ?? '0') | beyond;
  if (ones !== 0n) fields.push({ name: 'one', means: 'always one', role: 'fixed', slices: runs(ones) });
  return fields.sort((a, b) => a.slices[0]!.at - b.slices[0]!.at);
}

/** A mask as contiguous runs of ones. */
function runs(mask: bigint): readonly Slice[] {
  const slices: { at: number; width: number; from: number }[] = [];
  for (const [from, at] of bitsOf(mask).entries()) {
    const last = slices.at(-1);
    if (last && last.at + last.width === at) last.width++;
    else slices.push({ at, width: 1, from });
  }
  return slices;
}
