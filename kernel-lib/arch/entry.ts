import { type Words } from '../base/bitfield.js';
import { InputError } from '../base/error.js';
import { evaluated } from '../base/evaluated.js';
import {
  type Arch,
  type EntryBits,
  type EntryLayout,
  type Modify,
  type Operations,
  type Predicates,
} from './arch.js';
import { type MaskReader, maskReader } from './mask.js';
import { type Change, compileOperation } from './operation.js';
import { type PfnCodec, compilePfn } from './pfn.js';
import { type Predicate, type PteWords, compileTest } from './predicate.js';
import { type EntryValues, compileValues, modifyText, operationsOf, predicatesOf } from './values.js';

/** A protection as `pgprot_t` holds it. */
export interface Pgprot extends Words {
  readonly name: string;
}

/**
 * What mm code asks of entries of one layout, under the kernel's names. Entries lie in an Int32Array as two words each,
 * low then high; `i` is the index of the low word.
 */
export interface EntryReader extends Pick<PfnCodec, 'ptePfn'> {
  readonly layout: EntryBits;
  /** Bits of entries that mean something to nobody but this architecture. */
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
}

/**
 * And what it does to them. What the kernel writes `pte = pte_mkdirty(pte)` is `pteMkdirty(w, i)` here, in place and
 * without allocating.
 */
export interface EntryCodec extends EntryReader, PfnCodec {
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

  /** The same on values. */
  readonly values: EntryValues;
  /** `protection_map[]`, indexed by `vm_flags & 15`. */
  readonly protectionMap: readonly Pgprot[];
  /** @throws InputError naming the protections that this architecture has */
  pgprot(name: string): Pgprot;
}

/** What differs from a layout by the state of an architecture's history. */
export interface EntryDifferences {
  readonly predicates?: Partial<Predicates>;
  readonly operations?: Partial<Operations>;
  readonly modify?: Modify;
}

/** How entries of a layout of an architecture are read. */
export function compileReader(
  { id, pteBits, longBits }: Arch,
  layout: EntryBits & Partial<EntryLayout>,
  predicates?: Partial<Predicates>,
): EntryReader & PfnCodec {
  const masks = maskReader({ pgprots: {}, ...layout, id, pteBits });
  return {
    layout,
    masks,
    pteEmpty: masks.words(layout.empty ?? '0'),
    ...predicatesOf({ ...layout.predicates, ...predicates }, (test) => compileTest(test, masks)),
    ...compilePfn({ pfn: layout.pfn, pteBits, longBits }, masks),
  };
}

/** The operations on entries of one layout of an architecture. */
export function compileEntry(
  arch: Arch,
  layout: EntryLayout,
  { predicates, operations, modify = layout.modify }: EntryDifferences = {},
): EntryCodec {
  const reader = compileReader(arch, layout, predicates);
  const { masks } = reader;
  const all = {
    predicates: { ...layout.predicates, ...predicates },
    operations: { ...layout.operations, ...operations },
  };
  const prot = (name: string): Pgprot => ({ name, ...masks.words(name) });
  const prots = new Map(Object.keys(layout.pgprots).map((name) => [name, prot(name)]));
  const pgprot = (name: string): Pgprot => {
    const found = prots.get(name);
    if (!found) throw new InputError(`${arch.id} has no ${name}; it has ${[...prots.keys()].join(', ')}`);
    return found;
  };
  return {
    ...reader,
    ...operationsOf(all.operations, (operation) => compileOperation(operation, masks)),
    pteModify: evaluated(
      `(w, i, prot) => { let lo = w[i], hi = w[i + 1]; ${modifyText(modify, layout, masks)} w[i] = lo; w[i + 1] = hi; }`,
    ),
    values: compileValues({ ...layout, ...all, modify }, arch, masks),
    protectionMap: arch.protectionMap.map(prot),
    pgprot,
  };
}
