import { type Words, fromWords } from '../base/bitfield.js';
import { InputError } from '../base/error.js';
import type { Patched } from '../patches/catalogue.js';
import { type Arch, type ArchState, type Era } from './arch.js';
import { type HugeCodec, compileHuge } from './huge.js';
import { type MaskReader, maskReader } from './mask.js';
import { type Change, compileOperation } from './operation.js';
import { type PfnCodec, compilePfn } from './pfn.js';
import { type Predicate, type PteWords, compileTest } from './predicate.js';
import { type SwapCodec, compileSwap } from './swap.js';

/** A protection as `pgprot_t` holds it. */
export interface Pgprot extends Words {
  readonly name: string;
}

/**
 * Everything that mm code does to page-table entries of one architecture in one state of its history, under the
 * kernel's names. Entries lie in an Int32Array as two words each, low then high; `i` is the index of the low word.
 * What the kernel writes `pte = pte_mkdirty(pte)` is `pteMkdirty(w, i)` here, in place and without allocating.
 */
export interface PteCodec extends PfnCodec, SwapCodec {
  readonly arch: Arch;
  readonly state: ArchState;
  readonly stateName: string;
  /** Bits of PTEs that mean something to nobody but this architecture. */
  readonly masks: MaskReader;

  /** What `pte_clear()` stores: not zero everywhere. */
  readonly pteEmpty: Words;
  readonly pteNone: Predicate;
  readonly ptePresent: Predicate;
  readonly pteProtnone: Predicate;
  readonly pteWrite: Predicate;
  readonly pteDirty: Predicate;
  readonly pteYoung: Predicate;
  readonly pteExec: Predicate;
  readonly pteSpecial: Predicate;
  readonly pteSoftDirty: Predicate;
  readonly pteUffdWp: Predicate;
  /** Whether the MMU lets a user's store through: what `pte_write()` promises, on its way through the hardware. */
  readonly mmuStores: Predicate;

  readonly pteMkwrite: Change;
  readonly pteWrprotect: Change;
  readonly pteMkdirty: Change;
  readonly pteMkclean: Change;
  readonly pteMkyoung: Change;
  readonly pteMkold: Change;
  readonly pteMkspecial: Change;
  readonly pteMksoftDirty: Change;
  readonly pteClearSoftDirty: Change;
  readonly pteMkuffdWp: Change;
  readonly pteClearUffdWp: Change;
  /** Gives the entry another protection; frame number and what the kernel and the MMU noted in it stay. */
  readonly pteModify: (w: PteWords, i: number, prot: Pgprot) => void;

  /** PMD entries that map a page themselves; undefined where there are none. */
  readonly huge: HugeCodec | undefined;

  /** `protection_map[]`, indexed by `vm_flags & 15`. */
  readonly protectionMap: readonly Pgprot[];
  /** @throws InputError naming the protections that this architecture has */
  pgprot(name: string): Pgprot;
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
  const masks = maskReader(arch);
  const prot = (name: string): Pgprot => ({ name, ...masks.words(name) });
  const prots = new Map(Object.keys(arch.pgprots).map((name) => [name, prot(name)]));
  const pgprot = (name: string): Pgprot => {
    const found = prots.get(name);
    if (!found) throw new InputError(`${arch.id} has no ${name}; it has ${[...prots.keys()].join(', ')}`);
    return found;
  };
  const pfns = compilePfn(arch, masks);
  return {
    arch,
    state,
    stateName,
    masks,
    pteEmpty: masks.words(arch.empty ?? '0'),
    ...predicates(arch, state, masks),
    ...operations(arch, state, masks),
    ...pfns,
    ...compileSwap(state.swap, masks),
    pteModify: modify(arch, state, masks),
    huge: compileHuge(arch, masks, pfns),
    protectionMap: arch.protectionMap.map(prot),
    pgprot,
  };
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

function predicates(arch: Arch, state: ArchState, masks: MaskReader) {
  const tests = { ...arch.predicates, ...state.predicates };
  const never: Predicate = () => false;
  const optional = (test: Parameters<typeof compileTest>[0] | undefined): Predicate =>
    test === undefined ? never : compileTest(test, masks);
  return {
    pteNone: compileTest(tests.none ?? { none: '~0' }, masks),
    ptePresent: compileTest(tests.present, masks),
    pteWrite: compileTest(tests.write, masks),
    pteDirty: compileTest(tests.dirty, masks),
    pteYoung: compileTest(tests.young, masks),
    pteProtnone: optional(tests.protnone),
    pteExec: optional(tests.exec),
    pteSpecial: optional(tests.special),
    pteSoftDirty: optional(tests.softDirty),
    pteUffdWp: optional(tests.uffdWp),
    mmuStores: compileTest(arch.hardware.store, masks),
  };
}

function operations(arch: Arch, state: ArchState, masks: MaskReader) {
  const ops = { ...arch.operations, ...state.operations };
  return {
    pteMkwrite: compileOperation(ops.mkwrite, masks),
    pteWrprotect: compileOperation(ops.wrprotect, masks),
    pteMkdirty: compileOperation(ops.mkdirty, masks),
    pteMkclean: compileOperation(ops.mkclean, masks),
    pteMkyoung: compileOperation(ops.mkyoung, masks),
    pteMkold: compileOperation(ops.mkold, masks),
    pteMkspecial: compileOperation(ops.mkspecial, masks),
    pteMksoftDirty: compileOperation(ops.mksoftDirty, masks),
    pteClearSoftDirty: compileOperation(ops.clearSoftDirty, masks),
    pteMkuffdWp: compileOperation(ops.mkuffdWp, masks),
    pteClearUffdWp: compileOperation(ops.clearUffdWp, masks),
  };
}

function modify(arch: Arch, state: ArchState, masks: MaskReader): PteCodec['pteModify'] {
  const rule = state.modify ?? arch.modify;
  const first = compileOperation(rule.first, masks);
  const last = compileOperation(rule.last, masks);
  const keep = masks.words(rule.keep);
  const take = masks.words(rule.take ?? '~0');
  const inverted = compileInversion(arch, masks);
  const pfn = masks.words(`[${arch.pfn.at}]`);
  return (w, i, prot) => {
    const flips = inverted(w, i);
    first(w, i);
    w[i] = (w[i]! & keep.lo) | (prot.lo & take.lo);
    w[i + 1] = (w[i + 1]! & keep.hi) | (prot.hi & take.hi);
    if (flips !== inverted(w, i)) {
      w[i] = w[i]! ^ pfn.lo;
      w[i + 1] = w[i + 1]! ^ pfn.hi;
    }
    last(w, i);
  };
}

function compileInversion(arch: Arch, masks: MaskReader): Predicate {
  return arch.pfn.invertedWhen === undefined ? () => false : compileTest(arch.pfn.invertedWhen, masks);
}
