import { type PteCodec, pteCodec } from '../arch/codec.js';
import { archById, arches } from '../arch/variants.js';
import { type SplitOperator, thpSplitOrders } from '../patches/thp-split-order.js';
import { boot } from '../sys/boot.js';
import type { Process } from '../sys/process.js';
import { type Exercise, notYet } from './exercise.js';
import { entryAt, machineWith } from './machine-answers.js';

/** Protections of private mappings: VM_READ, and VM_READ | VM_WRITE. */
const PRIVATE_READABLE = 1;
const PRIVATE_WRITABLE = 3;

const dirtyReadOnly: Exercise<(process: Process, page: number) => void> = {
  id: '06-dirty-read-only',
  points: 1,
  judge: (answer) => {
    const { process } = machineWith('writer');
    const address = process.mmap(1);
    answer(process, address);
    const { kind, text, writable, dirty } = entryAt({ process, address });
    if (kind !== 'present') return notYet(`The entry maps no page: ${text}.`);
    if (!dirty) return notYet('The entry is clean: nothing has been written through it.');
    if (writable) return notYet('The entry is dirty, and still writable.');
    return {
      points: 1,
      message: `The entry is: ${text}. Newer than any copy, and not to be written in place.`,
    };
  },
};

/** Whether making a read-only entry dirty lets the MMU store through it, as v6.1 has the operators. */
function grantsStores(id: string): boolean {
  const codec = pteCodec(archById(id), 'before');
  const w = new Int32Array(2);
  codec.pfnPte(w, 0, 1, codec.protectionMap[PRIVATE_READABLE]!);
  codec.pteMkyoung(w, 0);
  codec.pteMkdirty(w, 0);
  return codec.mmuStores(w, 0) && !codec.pteWrite(w, 0);
}

const openVariants: Exercise<readonly string[]> = {
  id: '06-open-variants',
  points: 2,
  judge: (answer) => {
    const named = new Set(answer);
    for (const id of named) {
      if (!grantsStores(archById(id).id))
        return notYet(`On ${id} a read-only entry that is made dirty still refuses stores.`);
    }
    const missing = arches.filter(({ id }) => grantsStores(id) && !named.has(id));
    if (missing.length > 0)
      return notYet(`There are ${named.size + missing.length}; ${missing.length} are missing.`);
    return {
      points: 2,
      message: `All ${named.size} of ${arches.length} variants: two families, as the thread found.`,
    };
  },
};

/** What a process reads that wrote 2 through a page which may be freed lazily, once memory was reclaimed. */
function readsAfterReclaim(withPatches: readonly string[]): number {
  const linux = boot({
    release: '6.5',
    arch: 'loongarch64_16k',
    cpu: 'ptw',
    swap: '16MiB',
    with: withPatches,
  });
  const process = linux.spawn('writer');
  const page = process.mmap(1);
  process.write(page, 1);
  process.madvise(page, 'MADV_FREE');
  process.write(page, 2);
  process.fork('child').exit();
  process.madvise(page, 'MADV_PAGEOUT');
  return process.read(page);
}

const savedData: Exercise<readonly string[]> = {
  id: '06-saved-data',
  points: 1,
  judge: (answer) => {
    if (answer.length > 1) return notYet(`One patch is enough; these are ${answer.length}.`);
    const reads = readsAfterReclaim(answer);
    if (reads !== 2) return notYet(`The process wrote 2 and reads ${reads}: its page was thrown away.`);
    return {
      points: 1,
      message: 'The process reads 2: what the walker noted outlives the write-protection.',
    };
  },
};

/** Before their fixes. */
const old = [
  pteCodec(archById('sparc64'), 'before'),
  pteCodec(archById('loongarch64_16k'), 'dirty-unconditional'),
];

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
  '06-dirty-read-only': dirtyReadOnly,
  '06-saved-data': savedData,
  '06-open-variants': openVariants,
  '06-safe-order': safeOrder,
};
