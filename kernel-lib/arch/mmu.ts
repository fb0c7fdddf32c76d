import type { HardwareRules } from './arch.js';
import type { PteCodec } from './codec.js';
import { type Change, compileOperation } from './operation.js';
import { type Predicate, compileTest } from './predicate.js';

/** What the MMU of one kind of CPU, with the handlers of its exceptions, makes of page-table entries. */
export interface Mmu {
  readonly rules: HardwareRules;
  /** Whether a user's load goes through an entry as it stands. */
  readonly loads: Predicate;
  /** Whether a user's store does. */
  readonly stores: Predicate;
  /** What becomes of an entry before a load is tried, and before a store is. */
  readonly onLoad: Change;
  readonly onStore: Change;
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
  const { masks } = codec;
  return {
    rules,
    loads:
      rules.load === undefined
        ? (w, i) => codec.ptePresent(w, i) && !codec.pteProtnone(w, i)
        : compileTest(rules.load, masks),
    stores: compileTest(rules.store, masks),
    onLoad: rules.onLoad === undefined ? usualLoad(codec, rules) : compileOperation(rules.onLoad, masks),
    onStore: rules.onStore === undefined ? usualStore(codec, rules) : compileOperation(rules.onStore, masks),
  };
}

function usualLoad(codec: PteCodec, { young }: HardwareRules): Change {
  return young === 'fault' ? () => {} : codec.pteMkyoung;
}

function usualStore(codec: PteCodec, { dirty }: HardwareRules): Change {
  if (dirty === 'fault') return () => {};
  return (w, i) => {
    if (!codec.pteWrite(w, i)) return;
    codec.pteMkyoung(w, i);
    codec.pteMkdirty(w, i);
  };
}
