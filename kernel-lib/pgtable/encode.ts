import { type PteCodec, pteVal } from '../arch/codec.js';
import { InputError } from '../base/error.js';
import { type SwapKind, pteToSwpOffset, swapType, swapTypes } from './swapops.js';
import { TrialPte } from './trial-pte.js';

/** What to put into a swap entry. */
export interface SwapRequest {
  /** A type by its number, or by what it stands for. */
  readonly type: number | SwapKind;
  readonly offset: bigint;
  readonly exclusive?: boolean;
  readonly softDirty?: boolean;
  readonly uffdWp?: boolean;
}

/** What to put into a present entry. */
export interface PresentRequest {
  readonly pfn: number;
  /** A macro such as `PAGE_SHARED`. */
  readonly prot: string;
  /** Operations to do then, left to right: `mkdirty`, `wrprotect`, `modify:PAGE_NONE`. */
  readonly ops?: readonly string[];
}

/** @throws InputError on a kind that this configuration lacks, or a type, offset or marker that the entry cannot hold */
export function encodeSwapPte(codec: PteCodec, request: SwapRequest): bigint {
  const type = typeOf(codec, request.type);
  const pte = TrialPte.swap(codec, { type, offset: request.offset });
  if (pte.codec.pteSwpType(pte.w, 0) !== type) {
    throw new InputError(`${codec.arch.id} (${codec.stateName}) cannot store swap type ${type}`);
  }
  if (pteToSwpOffset(pte.codec, pte.w, 0) !== request.offset) {
    throw new InputError(
      `${codec.arch.id} (${codec.stateName}) cannot store swap offset ${hex(request.offset)}: it is too large`,
    );
  }
  const marks = [
    ['exclusive', request.exclusive, codec.state.swap.exclusive, codec.pteSwpMkexclusive],
    ['soft-dirty', request.softDirty, codec.state.swap.softDirty, codec.pteSwpMksoftDirty],
    ['uffd-wp', request.uffdWp, codec.state.swap.uffdWp, codec.pteSwpMkuffdWp],
  ] as const;
  for (const [name, wanted, mask, set] of marks) {
    if (!wanted) continue;
    if (mask === undefined) {
      throw new InputError(`swap entries of ${codec.arch.id} (${codec.stateName}) have no ${name} marker`);
    }
    set(pte.w, 0);
  }
  return pteVal(pte.w, 0);
}

/** @throws InputError on a protection or an operation that there is not, or a frame that the entry cannot hold */
export function encodePresentPte(codec: PteCodec, { pfn, prot, ops = [] }: PresentRequest): bigint {
  const pte = TrialPte.present(codec, { pfn, prot: codec.pgprot(prot) });
  if (pte.pfn !== pfn) {
    throw new InputError(
      `${codec.arch.id} (${codec.stateName}) cannot store frame ${hex(BigInt(pfn))}: it is too large`,
    );
  }
  for (const op of ops) pte.operation(op);
  return pte.value;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function typeOf({ arch, state }: PteCodec, type: number | SwapKind): number {
  if (typeof type === 'number') return type;
  const types = swapTypes(arch.kconfig, state.release);
  const found = swapType(types, type);
  if (found !== undefined) return found;
  throw new InputError(
    `no entries of kind '${type}' on ${arch.id} (${state.release}) as configured; there are swap, ${types.special.join(', ')}`,
  );
}
