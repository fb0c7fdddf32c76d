import { type PteCodec, pteCodec } from '../arch/codec.js';
import { archById } from '../arch/variants.js';
import { type SplitOperator, thpSplitOrders } from '../patches/thp-split-order.js';
import { type Exercise, notYet } from './exercise.js';

/** Before their fixes. */
const old = [
  pteCodec(archById('sparc64'), 'before'),
  pteCodec(archById('loongarch64_16k'), 'dirty-unconditional'),
];

/** VM_READ | VM_WRITE, private. */
const PRIVATE_WRITABLE = 3;

/** What a leaf was that is split: dirty, young, and read-only since fork, or writable before it. */
interface Leaf {
  readonly write: boolean;
}

/** The changes that each operator makes, where the leaf asks for it. */
function apply(codec: PteCodec, w: Int32Array, operator: SplitOperator, { write }: Leaf): void {
  if (operator === 'mkwrite if the VMA may' || (operator === 'mkwrite if written' && write))
    codec.pteMkwrite(w, 0);
  if (operator === 'wrprotect unless written' && !write) codec.pteWrprotect(w, 0);
  if (operator === 'mkdirty if dirty') codec.pteMkdirty(w, 0);
}

/** What is wrong with the entry that an order makes of a leaf; undefined for nothing. */
function fault(codec: PteCodec, order: readonly SplitOperator[], leaf: Leaf): string | undefined {
  const w = new Int32Array(2);
  codec.pfnPte(w, 0, 1, codec.protectionMap[PRIVATE_WRITABLE]!);
  for (const operator of order) apply(codec, w, operator, leaf);
  const { id } = codec.arch;
  if (codec.mmuStores(w, 0) && !codec.pteWrite(w, 0))
    return `On ${id} the MMU lets stores through a read-only entry.`;
  if (codec.pteWrite(w, 0) !== leaf.write)
    return `On ${id} a leaf that ${leaf.write ? 'was' : 'was not'} writable gives an entry that ${leaf.write ? 'is not' : 'is'}.`;
  return codec.pteDirty(w, 0) ? undefined : `On ${id} the entry forgets that the leaf was dirty.`;
}

const known = new Set<string>(thpSplitOrders.flatMap(({ operators }) => operators));

const safeOrder: Exercise<readonly SplitOperator[]> = {
  id: '06-safe-order',
  points: 2,
  judge: (answer) => {
    const stranger = answer.find((operator) => !known.has(operator));
    if (stranger !== undefined)
      return notYet(`No operator is called '${stranger}'; there are ${[...known].join(', ')}.`);
    for (const codec of old) {
      for (const write of [false, true]) {
        const wrong = fault(codec, answer, { write });
        if (wrong !== undefined) return notYet(wrong);
      }
    }
    return {
      points: 2,
      message:
        'Safe on both architectures as they were: whatever mkdirty grants, something behind it takes back.',
    };
  },
};

export const dirtyBitsExercises = {
  '06-safe-order': safeOrder,
};
