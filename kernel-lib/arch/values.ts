import { type Words, parseSlices } from '../base/bitfield.js';
import { evaluated } from '../base/evaluated.js';
import { gatherText, scatterText } from '../base/scatter.js';
import { type Arch, type EntryLayout, type Modify, type Operation, type Operations } from './arch.js';
import { type Predicates, type Test } from './arch.js';
import { type MaskReader } from './mask.js';
import { operationText } from './operation.js';
import { testText } from './predicate.js';

/** A question about an entry. */
export type ValueTest = (pte: Words) => boolean;
/** What becomes of an entry: a new value, whether it differs or not. */
export type ValueChange = (pte: Words) => Words;

/**
 * Operations on entries as values: words go in, words come out, and nothing goes through memory. Where V8 inlines them,
 * which one function for each operation of each architecture lets it do, an entry never leaves the registers.
 */
export interface EntryValues
  extends
    Readonly<Record<keyof ReturnType<typeof predicatesOf>, ValueTest>>,
    Readonly<Record<keyof ReturnType<typeof operationsOf>, ValueChange>> {
  readonly pteModify: (pte: Words, prot: Words) => Words;
  /** The frame number of a present entry, exact up to 2^53. */
  readonly ptePfn: (pte: Words) => number;
  readonly pfnPte: (pfn: number, prot: Words) => Words;
}

export function compileValues(
  layout: EntryLayout,
  arch: Pick<Arch, 'pteBits' | 'longBits'>,
  masks: MaskReader,
): EntryValues {
  return {
    ...predicatesOf(layout.predicates, (test) => compileValueTest(test, masks)),
    ...operationsOf(layout.operations, (operation) => compileValueChange(operation, masks)),
    pteModify: evaluated(
      `(pte, prot) => { let lo = pte.lo, hi = pte.hi; ${modifyText(layout.modify, layout, masks)} return { lo, hi }; }`,
    ),
    ptePfn: compilePtePfn(layout, arch, masks),
    pfnPte: compilePfnPte(layout, arch, masks),
  };
}

export function compileValueTest(test: Test, masks: MaskReader): ValueTest {
  return evaluated(`(pte) => { const lo = pte.lo, hi = pte.hi; return ${testText(test, masks)}; }`);
}

export function compileValueChange(operation: Operation | undefined, masks: MaskReader): ValueChange {
  const statements = operationText(operation, masks);
  return evaluated(`(pte) => { let lo = pte.lo, hi = pte.hi; ${statements} return { lo, hi }; }`);
}

/** What is true of no entry. */
const NEVER: Test = '0';

/** The questions that mm code asks, under the kernel's names. */
export function predicatesOf<T>(tests: Predicates, compiled: (test: Test) => T) {
  return {
    pteNone: compiled(tests.none ?? { none: '~0' }),
    ptePresent: compiled(tests.present),
    pteWrite: compiled(tests.write),
    pteDirty: compiled(tests.dirty),
    pteYoung: compiled(tests.young),
    pteProtnone: compiled(tests.protnone ?? NEVER),
    pteExec: compiled(tests.exec ?? NEVER),
    pteSpecial: compiled(tests.special ?? NEVER),
    pteSoftDirty: compiled(tests.softDirty ?? NEVER),
    pteUffdWp: compiled(tests.uffdWp ?? NEVER),
  };
}

/** What mm code does to entries, under the kernel's names. */
export function operationsOf<T>(ops: Operations, compiled: (operation: Operation | undefined) => T) {
  return {
    pteMkwrite: compiled(ops.mkwrite),
    pteWrprotect: compiled(ops.wrprotect),
    pteMkdirty: compiled(ops.mkdirty),
    pteMkclean: compiled(ops.mkclean),
    pteMkyoung: compiled(ops.mkyoung),
    pteMkold: compiled(ops.mkold),
    pteMkspecial: compiled(ops.mkspecial),
    pteMksoftDirty: compiled(ops.mksoftDirty),
    pteClearSoftDirty: compiled(ops.clearSoftDirty),
    pteMkuffdWp: compiled(ops.mkuffdWp),
    pteClearUffdWp: compiled(ops.clearUffdWp),
  };
}

/** `pte_modify()` as JavaScript statements over the words `lo` and `hi`, and `prot`. */
export function modifyText(rule: Modify, { pfn }: Pick<EntryLayout, 'pfn'>, masks: MaskReader): string {
  const keep = masks.words(rule.keep);
  const take = masks.words(rule.take ?? '~0');
  const inverted = pfn.invertedWhen === undefined ? 'false' : testText(pfn.invertedWhen, masks);
  const field = masks.words(`[${pfn.at}]`);
  return `
    const flips = ${inverted};
    ${operationText(rule.first, masks)}
    lo = (lo & ${keep.lo}) | (prot.lo & ${take.lo});
    hi = (hi & ${keep.hi}) | (prot.hi & ${take.hi});
    if (flips !== ${inverted}) {
      lo ^= ${field.lo};
      hi ^= ${field.hi};
    }
    ${operationText(rule.last, masks)}`;
}

function compilePtePfn(
  { pfn }: Pick<EntryLayout, 'pfn'>,
  { longBits }: Pick<Arch, 'longBits'>,
  masks: MaskReader,
): EntryValues['ptePfn'] {
  const none = pfn.noneWhen && `if (${testText(pfn.noneWhen, masks)}) return ${2 ** longBits - 1};`;
  const flip = pfn.invertedWhen && `if (${testText(pfn.invertedWhen, masks)}) { lo = ~lo; hi = ~hi; }`;
  const value = gatherText(parseSlices(pfn.at));
  return evaluated(`(pte) => {
    let lo = pte.lo, hi = pte.hi;
    ${none ?? ''}
    ${flip ?? ''}
    const low = ${value.lo}, high = ${value.hi};
    return high === 0 ? low >>> 0 : (high >>> 0) * ${2 ** 32} + (low >>> 0);
  }`);
}

function compilePfnPte(
  { pfn }: Pick<EntryLayout, 'pfn'>,
  { pteBits }: Pick<Arch, 'pteBits'>,
  masks: MaskReader,
): EntryValues['pfnPte'] {
  const at = pfn.unmasked ? pfn.at.replace(/^\d+/, String(pteBits - 1)) : pfn.at;
  const ones = masks.words(pfn.fixed ?? '0');
  const field = masks.words(`[${pfn.at}]`);
  const inverted = pfn.invertedWhen === undefined ? 'false' : testText(pfn.invertedWhen, masks);
  const placed = scatterText(parseSlices(at));
  return evaluated(`(pfn, prot) => {
    let lo = pfn | 0, hi = pfn < ${2 ** 32} ? 0 : (pfn / ${2 ** 32}) | 0;
    const low = ${placed.lo}, high = ${placed.hi};
    lo = prot.lo | ${ones.lo};
    hi = prot.hi | ${ones.hi};
    const flips = ${inverted};
    lo |= flips ? low ^ ${field.lo} : low;
    hi |= flips ? high ^ ${field.hi} : high;
    ${operationText(pfn.last, masks)}
    return { lo, hi };
  }`);
}
