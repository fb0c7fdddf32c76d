import { pteCodec } from '../arch/codec.js';
import { archById, arches } from '../arch/variants.js';
import { decodePte } from '../pgtable/decode.js';
import { runScenario } from '../scenario/run.js';
import type { Process } from '../sys/process.js';
import { type Exercise, notYet } from './exercise.js';
import { entryAt, withSwappedPage } from './machine-answers.js';

const WANTED = { type: 1, offset: '0x42' };

const rawEntry: Exercise<bigint> = {
  id: '01-raw-entry',
  points: 1,
  judge: (answer) => {
    if (typeof answer !== 'bigint')
      return notYet(`An entry is a bigint such as 0x42n; this is a ${typeof answer}.`);
    const entry = decodePte(pteCodec(archById('arm64_4k'), 'after'), answer);
    const { kind, type, offset, exclusive } = entry;
    if (kind !== 'swap') return notYet(`arm64 takes this for: ${entry.text}.`);
    if (type !== WANTED.type || offset !== WANTED.offset)
      return notYet(
        `This is type ${type}, offset ${offset}; wanted are type ${WANTED.type} and offset ${WANTED.offset}.`,
      );
    if (!exclusive)
      return notYet('Type and offset are right; but nothing in it says that the page is exclusive.');
    return { points: 1, message: `arm64 reads: ${entry.text}.` };
  },
};

/** Does something with the process, whose page is in swap. */
type WithPage = (process: Process, page: number) => void;

const loseMark: Exercise<WithPage> = {
  id: '01-lose-mark',
  points: 2,
  judge: (answer) => {
    const place = withSwappedPage();
    if (!entryAt(place).exclusive) return notYet('The page was not exclusive to begin with.');
    answer(place.process, place.address);
    const { kind, exclusive, text } = entryAt(place);
    if (kind !== 'swap')
      return notYet(`The entry is no longer a swap entry but: ${text}. The page must stay in swap.`);
    if (exclusive)
      return notYet(
        'The page is in swap, and still exclusive. When does a page stop being one process’s own?',
      );
    return {
      points: 2,
      message: 'A page that two processes may bring back belongs to neither alone: fork takes the mark away.',
    };
  },
};

const RELEASE = 'v6.3';

const stillFails: Exercise<readonly string[]> = {
  id: '01-still-fails',
  points: 2,
  judge: (answer) => {
    const known = new Set(arches.map(({ id }) => id));
    const stranger = answer.find((id) => !known.has(id));
    if (stranger !== undefined) return notYet(`There is no variant '${stranger}'.`);
    const fails = (id: string): boolean =>
      runScenario('swp-exclusive-vmsplice', { release: RELEASE, arch: id }).verdict.startsWith('FAIL');
    const wrong = answer.find((id) => !fails(id));
    if (wrong !== undefined) return notYet(`On ${wrong} the page stays in the pipe with ${RELEASE}.`);
    const missing = arches.filter(({ id }) => !answer.includes(id) && fails(id)).length;
    if (missing > 0) return notYet(`${missing} that fails is missing: run the scenario on every variant.`);
    return {
      points: 2,
      message: `Found by running it ${arches.length} times. The marker is there; what is wrong is how it is read.`,
    };
  },
};

export const swpExclusiveExercises = {
  '01-raw-entry': rawEntry,
  '01-lose-mark': loseMark,
  '01-still-fails': stillFails,
};
