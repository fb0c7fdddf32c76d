import { type Arch, type ArchState } from '../arch/arch.js';
import { pteCodec } from '../arch/codec.js';
import { maskReader } from '../arch/mask.js';
import { bitsOf, parseSlices, widthOf } from '../base/bitfield.js';
import { genericMaxSwapfileSize, swapTypes } from './swapops.js';

/** What one architecture's swap entries hold in one state. */
export interface StateSummary {
  readonly is: string;
  readonly commit?: string;
  readonly source: string;
  readonly type: string;
  readonly offset: string;
  readonly offsetBits: number;
  /** The bit of the exclusive marker, or null. */
  readonly exclusive: number | null;
  readonly softDirty: number | null;
  readonly uffdWp: number | null;
  readonly MAX_SWAPFILES: number;
  /** The largest swap area: pages as a power of two, and bytes in words. */
  readonly maxPagesLog2: number;
  readonly maxArea: string;
}

/** One architecture variant in figures and words. */
export interface ArchSummary {
  readonly id: string;
  readonly title: string;
  readonly family: string;
  readonly config: string;
  readonly pteBits: number;
  readonly byteOrder: string;
  readonly pageSize: number;
  readonly levels: readonly string[];
  readonly vaBits: number;
  readonly walker: string;
  readonly young: string;
  readonly dirty: string;
  readonly header: string;
  readonly states: Readonly<Record<string, StateSummary>>;
}

/** An architecture in figures and words, with all of its states. */
export function archSummary(arch: Arch): ArchSummary {
  const { id, title, family, config, pteBits, byteOrder, pageShift, levels, hardware, header } = arch;
  const { walker, young, dirty } = hardware;
  const top = levels[0]!;
  const states = Object.entries(arch.states).map(([name, state]) => [name, stateSummary(arch, name, state)]);
  return {
    ...{ id, title, family, config, pteBits, byteOrder, pageSize: 2 ** pageShift },
    levels: levels.map(({ name, bits }) => `${name} ${bits}`),
    vaBits: top.shift + top.bits,
    ...{ walker, young, dirty, header },
    states: Object.fromEntries(states) as Record<string, StateSummary>,
  };
}

function stateSummary(arch: Arch, name: string, state: ArchState): StateSummary {
  const masks = maskReader(arch);
  const bit = (mask: string | undefined): number | null =>
    mask === undefined ? null : (bitsOf(masks.value(mask))[0] ?? null);
  const { swap } = state;
  const pages = genericMaxSwapfileSize(pteCodec(arch, name));
  const maxPagesLog2 = pages.toString(2).length - 1;
  return {
    is: state.is,
    ...(state.commit !== undefined && { commit: state.commit }),
    source: swap.source,
    type: swap.type,
    offset: swap.offset,
    offsetBits: widthOf(parseSlices(swap.offset)),
    exclusive: bit(swap.exclusive),
    softDirty: bit(swap.softDirty),
    uffdWp: bit(swap.uffdWp),
    MAX_SWAPFILES: swapTypes(arch.kconfig, state.release).MAX_SWAPFILES,
    maxPagesLog2,
    maxArea: bytes(maxPagesLog2 + arch.pageShift),
  };
}

/** A power of two of bytes in words: `64 GiB`. */
export function bytes(log2: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB'];
  const unit = Math.floor(log2 / 10);
  return `${2 ** (log2 % 10)} ${units[unit]}`;
}
