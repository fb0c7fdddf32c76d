import type { OwnPatch } from '../own/own-patch.js';
import { type ExploreOptions, explore, replay } from '../scenario/exploration.js';
import { noLostDirtyData } from '../scenario/delayed-rmap-races.js';
import { type Exercise, notYet } from './exercise.js';

const SMALLEST = { bound: { pages: 1, stores: 1 }, release: 'v6.1' };

const safeAsItWas: Exercise<string> = {
  id: '04-safe-as-it-was',
  points: 1,
  judge: (answer) => {
    if (!answer.startsWith('delayed-rmap'))
      return notYet(`'${answer}' is not one of the delayed-rmap races.`);
    const { verdict, states } = explore(answer, { release: 'v6.1' });
    if (verdict !== 'absent') return notYet(`On v6.1 the explorer says of ${answer}: ${verdict}.`);
    return {
      points: 1,
      message: `Safe without the patch in all ${states} states: the page still counts as mapped.`,
    };
  },
};

const mend: Exercise<ExploreOptions> = {
  id: '04-mend',
  points: 1,
  judge: (answer) => {
    const found = explore('delayed-rmap', { ...answer, ...SMALLEST });
    if (found.verdict !== 'absent') return notYet(`On ${found.kernel} the explorer says: ${found.verdict}.`);
    return { points: 1, message: `No schedule loses a store: ${found.states} states, all of them followed.` };
  },
};

const writebackFirst: Exercise<string> = {
  id: '04-writeback-first',
  points: 2,
  judge: (answer) => {
    const { steps, ends, contextSwitches } = replay('delayed-rmap', answer, SMALLEST);
    const first = steps[0]?.thread;
    if (first !== 'writeback') return notYet(`The first step is one of ${first ?? 'nobody'}.`);
    if (ends === null)
      return notYet(`Nothing is lost after ${steps.length} steps: who has not come to the end of its work?`);
    return {
      points: 2,
      message: `Lost with ${contextSwitches} switches between CPUs: what counts is when writeback looks for mappings, not when it begins.`,
    };
  },
};

const ordered: Exercise<OwnPatch> = {
  id: '04-order',
  points: 2,
  judge: (own) => {
    const { verdict, violations, kernel } = explore('delayed-rmap', { ...SMALLEST, release: 'v6.2', own });
    if (verdict !== 'found') return notYet(`On ${kernel} the explorer says: ${verdict}.`);
    const [{ invariant, schedule }] = violations as [(typeof violations)[0]];
    if (!invariant.startsWith(noLostDirtyData.name))
      return notYet(`Something else breaks: ${invariant}, by ${schedule}.`);
    return {
      points: 2,
      message: `Lost by ${schedule}: v6.2 is safe by the order of its steps, and only by that.`,
    };
  },
};

export const delayedRmapExercises = {
  '04-safe-as-it-was': safeAsItWas,
  '04-mend': mend,
  '04-writeback-first': writebackFirst,
  '04-order': ordered,
};
