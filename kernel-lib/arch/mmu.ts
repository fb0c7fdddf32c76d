import type { Words } from '../base/bitfield.js';
import { evaluated } from '../base/evaluated.js';
import type { HardwareRules } from './arch.js';
import type { PteCodec } from './codec.js';
import { operationText } from './operation.js';
import { testText } from './predicate.js';

/** What the MMU of one kind of CPU, with the handlers of its exceptions, makes of page-table entries. */
export interface Mmu {
  readonly rules: HardwareRules;
  /** What becomes of an entry before a user's load or store is tried: a new value, whether it differs or not. */
  readonly noted: (pte: Words, write: boolean) => Words;
  /** Whether the load or store goes through an entry as it stands: never through one that is not present, or PROT_NONE. */
  readonly allows: (pte: Words, write: boolean) => boolean;
}

const compiled = new WeakMap<PteCodec, Map<HardwareRules, Mmu>>();

/** The MMU that follows the entries of `codec` by `rules`, compiled once: machines that are alike run the same code. */
export function compileMmu(codec: PteCodec, rules: HardwareRules): Mmu {
  const known = compiled.get(codec) ?? new Map<HardwareRules, Mmu>();
  compiled.set(codec, known);
  const mmu = known.get(rules) ?? compile(codec, rules);
  known.set(rules, mmu);
  return mmu;
}

function compile(codec: PteCodec, rules: HardwareRules): Mmu {
  return {
    rules,
    noted: evaluated(`(pte, write) => {
      let lo = pte.lo, hi = pte.hi;
      if (write) { ${onStoreText(codec, rules)} } else { ${onLoadText(codec, rules)} }
      return { lo, hi };
    }`),
    allows: evaluated(`(pte, write) => {
      const lo = pte.lo, hi = pte.hi;
      return ${accessibleText(codec)} && (write ? ${testText(rules.store, codec.masks)} : ${loadText(codec, rules)});
    }`),
  };
}

function onStoreText({ arch, state, masks }: PteCodec, { onStore, dirty }: HardwareRules): string {
  if (onStore !== undefined) return operationText(onStore, masks);
  if (dirty === 'fault') return '';
  const { write } = { ...arch.predicates, ...state.predicates };
  const { mkyoung, mkdirty } = { ...arch.operations, ...state.operations };
  const become = [mkyoung, mkdirty].map((operation) => operationText(operation, masks));
  return `if (${testText(write, masks)}) { ${become.join(' ')} }`;
}

function onLoadText({ arch, state, masks }: PteCodec, { onLoad, young }: HardwareRules): string {
  if (onLoad !== undefined) return operationText(onLoad, masks);
  return young === 'fault' ? '' : operationText({ ...arch.operations, ...state.operations }.mkyoung, masks);
}

function loadText({ masks }: PteCodec, { load }: HardwareRules): string {
  return load === undefined ? 'true' : testText(load, masks);
}

function accessibleText({ arch, state, masks }: PteCodec): string {
  const { present, protnone } = { ...arch.predicates, ...state.predicates };
  return testText(protnone === undefined ? present : { and: [present, { not: protnone }] }, masks);
}
