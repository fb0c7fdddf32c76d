import { fromWords } from '../base/bitfield.js';
import { constructed } from '../base/constructed.js';
import { InputError } from '../base/error.js';
import type { Patched } from '../patches/catalogue.js';
import { type Arch, type ArchState, type Era } from './arch.js';
import { type EntryCodec, type EntryReader, compileEntry } from './entry.js';
import { type HugeCodec, compileHuge } from './huge.js';
import { type Predicate, type PteWords, compileTest } from './predicate.js';
import { type SwapCodec, compileSwap } from './swap.js';

/**
 * Everything that mm code does to page-table entries of one architecture in one state of its history, under the
 * kernel's names.
 */
export interface PteCodec extends EntryCodec, SwapCodec {
  readonly arch: Arch;
  readonly state: ArchState;
  readonly stateName: string;
  /** Whether the MMU lets a user's store through: what `pte_write()` promises, on its way through the hardware. */
  readonly mmuStores: Predicate;
  /** PMD entries that map a page themselves; undefined where there are none. */
  readonly huge: HugeCodec | undefined;
}

/** Where an entry that maps a page can stand. */
export const leafLevels = ['pte', 'pmd', 'pud'] as const;
export type LeafLevel = (typeof leafLevels)[number];

/** How entries of a level are read that map a page. Where nothing else is said they are as PTEs. */
export function entriesOf(codec: PteCodec, level: LeafLevel): EntryReader {
  if (level === 'pmd') return codec.huge?.leaf ?? codec;
  return (level === 'pud' ? codec.huge?.pudLeaf : undefined) ?? codec;
}

const compiled = new WeakMap<Arch, Map<string, PteCodec>>();

/**
 * The operations of `arch` in one state of its history, compiled once.
 *
 * @param stateName `'before'` or `'after'` the swap-PTE series, or a state that the record names
 * @param patched the kernel's other patches; absent: those that the record takes for granted
 * @throws InputError naming the states that the record has
 */
export function pteCodec(arch: Arch, stateName: string, patched?: Patched): PteCodec {
  const eras = patched === undefined ? [] : (arch.eras ?? []).filter((era) => holds(era, patched));
  const key = [stateName, ...eras.map(({ patch }) => patch)].join(' ');
  const states = compiled.get(arch) ?? new Map<string, PteCodec>();
  compiled.set(arch, states);
  const codec = states.get(key) ?? compile(arch, stateName, eras);
  states.set(key, codec);
  return codec;
}

/** The operations of `arch` in a kernel with these patches. */
export function patchedCodec(arch: Arch, patched: Patched): PteCodec {
  return pteCodec(arch, stateNameOf(arch, patched), patched);
}

/** x86-64 and three others had the marker before the series, in a layout that both states share. */
function stateNameOf({ states }: Arch, patched: Patched): string {
  if (patched.alphaSwpExclusiveBool) return 'after-bool';
  if (patched.swpExclusive || states.before.swap.exclusive !== undefined) return 'after';
  return patched.nios2SwapRefactored ? 'refactored' : 'before';
}

function holds({ patch, holds }: Era, patched: Patched): boolean {
  return patched[patch] === (holds === 'since');
}

/** The value of an entry, for people and files. */
export function pteVal(w: PteWords, i: number): bigint {
  return fromWords(w[i]!, w[i + 1]!);
}

/** Stores a value that came from people or files. */
export function setPteVal(w: PteWords, i: number, value: bigint): void {
  w[i] = Number(BigInt.asIntN(32, value));
  w[i + 1] = Number(BigInt.asIntN(32, value >> 32n));
}

function compile(arch: Arch, stateName: string, eras: readonly Era[]): PteCodec {
  const declared = arch.states[stateName];
  if (!declared) {
    throw new InputError(
      `${arch.id} has no state '${stateName}'; it has ${Object.keys(arch.states).join(', ')}`,
    );
  }
  const state = eras.reduce(combined, declared);
  const entry = compileEntry(arch, arch, state);
  return constructed({
    arch,
    state,
    stateName,
    ...entry,
    mmuStores: compileTest(arch.hardware.store, entry.masks),
    ...compileSwap(state.swap, entry.masks),
    huge: compileHuge(arch, entry),
  });
}

/** A state with what an era says differently. */
function combined(state: ArchState, era: Era): ArchState {
  return {
    ...state,
    ...era,
    predicates: { ...state.predicates, ...era.predicates },
    operations: { ...state.operations, ...era.operations },
  };
}
