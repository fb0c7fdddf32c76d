import { type Arch, type Kconfig } from '../arch/arch.js';
import type { Patched } from '../patches/catalogue.js';
import { type PteCodec, pteVal, setPteVal } from '../arch/codec.js';
import { type PteWords } from '../arch/predicate.js';

/** A swap entry in the form that does not depend on the architecture. */
export interface SwpEntry {
  readonly type: number;
  readonly offset: number;
}

/**
 * The kinds of entries in PTEs that are not present. All but `swap` take a swap type away from swap files; a
 * `swapin-error` was a type in v6.1 and is a marker since v6.2.
 */
export type SwapKind =
  | 'swap'
  | 'hwpoison'
  | 'migration-read'
  | 'migration-read-exclusive'
  | 'migration-write'
  | 'device-write'
  | 'device-read'
  | 'device-exclusive-write'
  | 'device-exclusive-read'
  | 'pte-marker'
  | 'swapin-error';

/** The special types of one configuration, and from which type on they stand. */
export interface SwapTypes {
  /** The number of swap files that can be active. */
  readonly MAX_SWAPFILES: number;
  /** What stands at type `MAX_SWAPFILES + n`. */
  readonly special: readonly SwapKind[];
}

/** @kernel include/linux/swap.h MAX_SWAPFILES_SHIFT v6.2 */
export const MAX_SWAPFILES_SHIFT = 5;

/** @kernel include/linux/swapops.h PTE_MARKER_UFFD_WP v6.2 */
export const PTE_MARKER_UFFD_WP = 1;

/** MODEL: named as in v6.2 to v6.5; `PTE_MARKER_POISONED` afterwards. */
export const PTE_MARKER_SWAPIN_ERROR = 2;

const migration: readonly SwapKind[] = ['migration-read', 'migration-write'];
const migrationWithExclusive: readonly SwapKind[] = [
  'migration-read',
  'migration-read-exclusive',
  'migration-write',
];
const device: readonly SwapKind[] = [
  'device-write',
  'device-read',
  'device-exclusive-write',
  'device-exclusive-read',
];

/**
 * Numbers the special swap types. They count upwards from `MAX_SWAPFILES` in this order, so that each absent one
 * leaves its number to swap files.
 *
 * @param release v6.1 numbers swap-in errors and has markers only for userfaultfd; later, markers are always there
 * @param readExclusive false in a future that was announced: an exclusive page that is moving has a bit, not a type
 */
export function swapTypes(kconfig: Kconfig, release: 'v6.1' | 'v6.3', readExclusive = true): SwapTypes {
  const special: SwapKind[] = [];
  if (kconfig.MEMORY_FAILURE) special.push('hwpoison');
  if (kconfig.MIGRATION) special.push(...(readExclusive ? migrationWithExclusive : migration));
  if (kconfig.DEVICE_PRIVATE) special.push(...device);
  if (release !== 'v6.1' || kconfig.PTE_MARKER_UFFD_WP) special.push('pte-marker');
  if (release === 'v6.1') special.push('swapin-error');
  return { MAX_SWAPFILES: (1 << MAX_SWAPFILES_SHIFT) - special.length, special };
}

/** The numbering of a machine: its patches decide. MODEL: every machine knows poisoned memory. */
export function machineSwapTypes({ kconfig }: Pick<Arch, 'kconfig'>, patched: Patched): SwapTypes {
  const release = patched.swapErrorMarker ? 'v6.3' : 'v6.1';
  return swapTypes({ ...kconfig, MEMORY_FAILURE: true }, release, !patched.migrationSwpExclusive);
}

/** What a swap type stands for. */
export function swapKind(types: SwapTypes, type: number): SwapKind {
  return types.special[type - types.MAX_SWAPFILES] ?? 'swap';
}

/** The swap type of a special kind, or undefined where the configuration lacks it. */
export function swapType(types: SwapTypes, kind: SwapKind): number | undefined {
  const n = types.special.indexOf(kind);
  return n < 0 ? undefined : types.MAX_SWAPFILES + n;
}

/** `SWP_TYPE_SHIFT`: above the offset, a `swp_entry_t` has the type's five bits and one more that shmem needs. */
export function swpTypeShift(arch: Pick<Arch, 'longBits'>): number {
  const BITS_PER_XA_VALUE = arch.longBits - 1;
  return BITS_PER_XA_VALUE - MAX_SWAPFILES_SHIFT;
}

/** What a `swp_entry_t` has room for above the offset. */
const sixBits = (1 << (MAX_SWAPFILES_SHIFT + 1)) - 1;

const scratch = new Int32Array(4);

/**
 * Decodes the PTE at `w[i]`, markers set or not. Offsets are exact up to 2^53, {@link pteToSwpOffset} beyond.
 *
 * @kernel include/linux/swapops.h pte_to_swp_entry v6.2
 */
export function pteToSwpEntry(codec: PteCodec, w: PteWords, i: number): SwpEntry {
  const offset = Number(pteToSwpOffset(codec, w, i));
  return { type: codec.pteSwpType(scratch, 0) & sixBits, offset };
}

/** MODEL: the offset that `pte_to_swp_entry()` finds, of any size. */
export function pteToSwpOffset(codec: PteCodec, w: PteWords, i: number): bigint {
  scratch[0] = w[i]!;
  scratch[1] = w[i + 1]!;
  codec.pteSwpClearFlags(scratch, 0);
  codec.pteSwpOffsetWords(scratch, 0, scratch, 2);
  return BigInt.asUintN(swpTypeShift(codec.arch), pteVal(scratch, 2));
}

/**
 * Whether the PTE at `w[i]` holds a swap entry: neither none nor present.
 *
 * @kernel include/linux/swapops.h is_swap_pte v6.2
 */
export function isSwapPte(codec: PteCodec, w: PteWords, i: number): boolean {
  return !codec.pteNone(w, i) && !codec.ptePresent(w, i);
}

/**
 * The pages that the largest swap area can have: the highest offset that survives encoding and decoding, plus one.
 *
 * @kernel mm/swapfile.c generic_max_swapfile_size v6.2
 * @differs x86 lowers it at run time where the CPU has the L1TF flaw
 */
export function genericMaxSwapfileSize(codec: PteCodec): bigint {
  const w = new Int32Array(4);
  setPteVal(w, 2, BigInt.asUintN(swpTypeShift(codec.arch), -1n));
  codec.swpEntryToPteWords(w, 0, 0, w[2]!, w[3]!);
  return pteToSwpOffset(codec, w, 0) + 1n;
}

/** How many bits of an offset hold a frame's number: `SWP_PFN_BITS` of include/linux/swapops.h. */
export function swpPfnBits({ physBits, pageShift }: Pick<Arch, 'physBits' | 'pageShift'>): number {
  return physBits - pageShift;
}

/** Whether a migration entry has room above them for young and dirty. @kernel include/linux/swapops.h migration_entry_supports_ad v6.2 */
export function migrationEntrySupportsAd(codec: PteCodec): boolean {
  return genericMaxSwapfileSize(codec) >= 1n << BigInt(swpPfnBits(codec.arch) + 2);
}
