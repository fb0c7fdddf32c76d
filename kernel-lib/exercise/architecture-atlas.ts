import { pteCodec } from '../arch/codec.js';
import { archById, arches } from '../arch/variants.js';
import { decodePte } from '../pgtable/decode.js';
import { type Exercise, notYet } from './exercise.js';

/** Values from three machines: writable, dirty and young, of frame 0x8d3a. */
const values: readonly bigint[] = [0x8d3a39fn, 0x234e8d7n, 0xfc08d3an];

const whichMachine: Exercise<readonly string[]> = {
  id: '07-which-machine',
  points: 2,
  judge: (answer) => {
    for (const [i, value] of values.entries()) {
      const hex = `0x${value.toString(16)}`;
      if (answer[i] === undefined) return notYet(`There is no variant for ${hex}.`);
      const { kind, writable, dirty, young, pfn, text } = decodePte(
        pteCodec(archById(answer[i]), 'after'),
        value,
      );
      if (kind !== 'present' || !writable || !dirty || !young || pfn !== '0x8d3a')
        return notYet(`On ${answer[i]} ${hex} says: ${text}.`);
    }
    return { points: 2, message: 'All three say the same there: frame 0x8d3a, writable, dirty and young.' };
  },
};

const FRAME = '0x1234';

const protectedEntry: Exercise<bigint> = {
  id: '07-protected-entry',
  points: 1,
  judge: (answer) => {
    if (typeof answer !== 'bigint')
      return notYet(`An entry is a bigint such as 0x42n; this is a ${typeof answer}.`);
    const { kind, writable, dirty, flags, pfn, text } = decodePte(
      pteCodec(archById('x86_64'), 'after'),
      answer,
    );
    if (kind !== 'present' || pfn !== FRAME)
      return notYet(`x86-64 takes this for: ${text}. Wanted is frame ${FRAME}.`);
    if (!dirty) return notYet('The page would count as clean: what was written to it could be dropped.');
    if (writable) return notYet('The processor would let a store through, and nobody would be told.');
    if (!flags.includes('_PAGE_UFFD_WP'))
      return notYet('A store would fault, but nothing says that userfaultfd is waiting for it.');
    return { points: 1, message: `x86-64 reads: ${text}.` };
  },
};

const noWalker: Exercise<(arch: string) => boolean> = {
  id: '07-first-store-faults',
  points: 1,
  judge: (answer) => {
    for (const { id, hardware } of arches) {
      const right = hardware.dirty === 'fault';
      if (answer(id) !== right)
        return notYet(
          `${id}: the dirty bit is set by ${hardware.dirty === 'fault' ? 'a fault' : `the ${hardware.dirty}`}.`,
        );
    }
    return { points: 1, message: `Right for all ${arches.length} variants.` };
  },
};

export const architectureAtlasExercises = {
  '07-which-machine': whichMachine,
  '07-protected-entry': protectedEntry,
  '07-first-store-faults': noWalker,
};
