import { type PteCodec } from '../arch/codec.js';
import { type SanityCheck } from './sanity.js';
import { isSwapPte, pteToSwpEntry, pteToSwpOffset } from './swapops.js';
import { type Question, type Step, type SwapSample, TrialPte } from './trial-pte.js';

type Check = SanityCheck<SwapSample>;

/** What `pte_to_swp_entry()` makes of it. */
function entryOf({ codec, w }: TrialPte): SwapSample {
  return { type: pteToSwpEntry(codec, w, 0).type, offset: pteToSwpOffset(codec, w, 0) };
}

function same(a: SwapSample, b: SwapSample): boolean {
  return a.type === b.type && a.offset === b.offset;
}

/** A marker other than the exclusive one: it can be set, seen and cleared, and keeps the entry. */
function marker(
  name: string,
  has: (codec: PteCodec) => boolean,
  [mk, is, clear]: readonly [Step, Question, Step],
): Check {
  return {
    name: `${name}-keeps-entry`,
    promises: `the ${name} marker can be set, seen and cleared, and keeps the entry`,
    holds(codec, sample) {
      if (!has(codec)) return true;
      const pte = TrialPte.swap(codec, sample);
      const bare = pte.value;
      const entry = entryOf(pte);
      if (pte.is(is) || !pte.do(mk).is(is) || !same(entryOf(pte), entry)) return false;
      return pte.do(clear).value === bare;
    },
  };
}

/** A check of the exclusive marker; where there is none, there is nothing to check. */
function exclusive(
  name: string,
  promises: string,
  holds: (marked: TrialPte, bare: TrialPte) => boolean,
): Check {
  return {
    name: `exclusive-${name}`,
    promises,
    holds(codec, sample) {
      if (codec.state.swap.exclusive === undefined) return true;
      const bare = TrialPte.swap(codec, sample);
      return holds(TrialPte.swap(codec, sample).do('pteSwpMkexclusive'), bare);
    },
  };
}

/**
 * What mm relies on in every swap PTE; the checks named `exclusive-…` are those of `pte_swap_exclusive_tests()` in
 * mm/debug_vm_pgtable.c since v6.3, and its like.
 */
export const swapChecks: readonly Check[] = [
  {
    name: 'swap-not-none',
    promises: 'a swap PTE is not empty',
    holds: (codec, sample) => !TrialPte.swap(codec, sample).is('pteNone'),
  },
  {
    name: 'swap-not-present',
    promises: 'a swap PTE is not present',
    holds: (codec, sample) => !TrialPte.swap(codec, sample).is('ptePresent'),
  },
  {
    name: 'swap-round-trip',
    promises: 'decoding a swap PTE gives the type and the offset that were encoded',
    holds: (codec, sample) => same(entryOf(TrialPte.swap(codec, sample)), sample),
  },
  {
    name: 'swap-fields-apart',
    promises: 'type and offset share no bit',
    holds(codec, { type, offset }) {
      const base = TrialPte.swap(codec, { type: 0, offset: 0n }).value;
      const ofType = base ^ TrialPte.swap(codec, { type, offset: 0n }).value;
      const ofOffset = base ^ TrialPte.swap(codec, { type: 0, offset }).value;
      const both = base ^ TrialPte.swap(codec, { type, offset }).value;
      return (ofType & ofOffset) === 0n && both === (ofType | ofOffset);
    },
  },
  exclusive('initially-clear', 'a fresh swap PTE is not exclusive', (_, bare) => !bare.is('pteSwpExclusive')),
  exclusive('seen', 'pte_swp_exclusive() sees what pte_swp_mkexclusive() set', (marked) =>
    marked.is('pteSwpExclusive'),
  ),
  exclusive('stays-swap', 'a swap PTE with the marker is neither empty nor present', (marked) =>
    isSwapPte(marked.codec, marked.w, 0),
  ),
  exclusive('keeps-entry', 'the marker does not change what the entry decodes to', (marked, bare) =>
    same(entryOf(marked), entryOf(bare)),
  ),
  exclusive('keeps-markers', 'the marker and the two others do not disturb one another', (marked) => {
    if (marked.is('pteSwpSoftDirty') || marked.is('pteSwpUffdWp')) return false;
    const seen = marked.is('pteSwpExclusive');
    return marked.do('pteSwpMksoftDirty', 'pteSwpMkuffdWp').is('pteSwpExclusive') === seen;
  }),
  exclusive('cleared', 'pte_swp_clear_exclusive() gives back the bare entry', (marked, bare) => {
    marked.do('pteSwpClearExclusive');
    return marked.value === bare.value && !marked.is('pteSwpExclusive');
  }),
  marker('soft-dirty', (c) => c.state.swap.softDirty !== undefined, [
    'pteSwpMksoftDirty',
    'pteSwpSoftDirty',
    'pteSwpClearSoftDirty',
  ]),
  marker('uffd-wp', (c) => c.state.swap.uffdWp !== undefined, [
    'pteSwpMkuffdWp',
    'pteSwpUffdWp',
    'pteSwpClearUffdWp',
  ]),
];
