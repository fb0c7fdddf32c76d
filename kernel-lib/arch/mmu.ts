import type { Words } from '../base/bitfield.js';
import type { HardwareRules } from './arch.js';
import type { PteCodec } from './codec.js';
import {
  type EntryValues,
  type ValueChange,
  type ValueTest,
  compileValueChange,
  compileValueTest,
} from './values.js';

/** What the MMU of one kind of CPU, with the handlers of its exceptions, makes of page-table entries. */
export interface Mmu {
  readonly rules: HardwareRules;
  /** Whether a user's load goes through an entry as it stands. */
  readonly loads: ValueTest;
  /** Whether a user's store does. */
  readonly stores: ValueTest;
  /** What becomes of an entry before a load is tried, and before a store is. */
  readonly onLoad: ValueChange;
  readonly onStore: ValueChange;
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

function compile({ masks, values }: PteCodec, rules: HardwareRules): Mmu {
  return {
    rules,
    loads:
      rules.load === undefined
        ? (pte) => values.ptePresent(pte) && !values.pteProtnone(pte)
        : compileValueTest(rules.load, masks),
    stores: compileValueTest(rules.store, masks),
    onLoad: rules.onLoad === undefined ? usualLoad(values, rules) : compileValueChange(rules.onLoad, masks),
    onStore:
      rules.onStore === undefined ? usualStore(values, rules) : compileValueChange(rules.onStore, masks),
  };
}

function same(pte: Words): Words {
  return pte;
}

function usualLoad(values: EntryValues, { young }: HardwareRules): ValueChange {
  return young === 'fault' ? same : values.pteMkyoung;
}

function usualStore(
  { pteWrite, pteMkyoung, pteMkdirty }: EntryValues,
  { dirty }: HardwareRules,
): ValueChange {
  if (dirty === 'fault') return same;
  return (pte) => (pteWrite(pte) ? pteMkdirty(pteMkyoung(pte)) : pte);
}
