import type { OwnPatch } from '../own/own-patch.js';
import { explore } from '../scenario/exploration.js';
import { type Exercise, notYet } from './exercise.js';

const wholeAsItWas: Exercise<string> = {
  id: '05-whole-as-it-was',
  points: 1,
  judge: (answer) => {
    if (!answer.startsWith('pae-torn-') || answer === 'pae-torn-pte-lockless')
      return notYet(`'${answer}' is not one of the pae-torn-… races whose reader reads each half once.`);
    const { verdict, states } = explore(answer, { release: 'v6.1' });
    if (verdict !== 'absent') return notYet(`On v6.1 the explorer says of ${answer}: ${verdict}.`);
    return { points: 1, message: `Safe in all ${states} states: a table stays where it is, and came whole.` };
  },
};

const mend: Exercise<OwnPatch> = {
  id: '05-mend',
  points: 2,
  judge: (own) => {
    const found = explore('pae-torn-read', { release: 'v6.1', own });
    if (found.verdict !== 'absent') return notYet(`On ${found.kernel} the explorer says: ${found.verdict}.`);
    return { points: 2, message: `Nobody reads a torn PMD: ${found.states} states, all of them followed.` };
  },
};

export const walkersAndTearingExercises = {
  '05-whole-as-it-was': wholeAsItWas,
  '05-mend': mend,
};
