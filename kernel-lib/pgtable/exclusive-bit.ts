import { type Arch, type ArchState } from '../arch/arch.js';
import { pteCodec } from '../arch/codec.js';
import { maskReader } from '../arch/mask.js';
import { bitsOf, maskOf, parseSlices, widthOf } from '../base/bitfield.js';
import { MAX_SWAPFILES_SHIFT, genericMaxSwapfileSize } from './swapops.js';

/** Where the series found the exclusive bit of a swap PTE. */
export type BitOrigin =
  | 'had it before'
  | 'a bit that no swap PTE used'
  | 'a type bit that no swap file needs'
  | 'the lowest bits moved up: the offset lost one'
  | 'a bit of the offset';

/** One layout of a swap PTE, as figures. */
export interface SwapFigures {
  readonly arch: string;
  readonly state: 'before' | 'after';
  /** Width of a PTE in bits. */
  readonly pteBits: number;
  /** Bits that tell the swap area apart; an encoder may store more than the kernel needs. */
  readonly typeBits: number;
  readonly offsetBits: number;
  /** Bit of the exclusive marker; undefined where there is none. */
  readonly exclusive: number | undefined;
  /** Bytes in the largest swap area. */
  readonly largest: number;
}

/** The layout of a variant before or after the series, as figures. */
export function swapFigures(arch: Arch, state: 'before' | 'after'): SwapFigures {
  const { swap } = arch.states[state];
  return {
    arch: arch.id,
    state,
    pteBits: arch.pteBits,
    typeBits: widthOf(parseSlices(swap.encodes?.type ?? swap.type)),
    offsetBits: widthOf(parseSlices(swap.offset)),
    exclusive: exclusiveBit(arch, arch.states[state]),
    largest: Number(genericMaxSwapfileSize(pteCodec(arch, state))) * 2 ** arch.pageShift,
  };
}

/**
 * Where the marker's bit came from, read off the two layouts: a bit that lay free, one that the type field kept
 * beyond the five that `MAX_SWAPFILES_SHIFT` asks for, or one that the offset had to give.
 */
export function exclusiveBitOrigin(arch: Arch): BitOrigin {
  const { before, after } = arch.states;
  if (before.swap.exclusive !== undefined) return 'had it before';
  const bit = exclusiveBit(arch, after);
  const holds = (slices: string): boolean =>
    bit !== undefined && bitsOf(maskOf(parseSlices(slices))).includes(bit);
  const offsetShrinks = widthOf(parseSlices(after.swap.offset)) < widthOf(parseSlices(before.swap.offset));
  if (offsetShrinks)
    return holds(before.swap.offset)
      ? 'a bit of the offset'
      : 'the lowest bits moved up: the offset lost one';
  const type = before.swap.encodes?.type ?? before.swap.type;
  const surplus = widthOf(parseSlices(type)) > MAX_SWAPFILES_SHIFT;
  return holds(type) && surplus ? 'a type bit that no swap file needs' : 'a bit that no swap PTE used';
}

function exclusiveBit(arch: Arch, { swap }: ArchState): number | undefined {
  return swap.exclusive === undefined ? undefined : bitsOf(maskReader(arch).value(swap.exclusive))[0];
}
