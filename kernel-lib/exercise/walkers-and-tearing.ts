import type { OwnPatch } from '../own/own-patch.js';
import { type ExploreOptions, explore, replay } from '../scenario/exploration.js';
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

/** Of so many executions nobody tires, and drawing each step alike takes many times as many. */
const FEW = 300;

const byChance: Exercise<ExploreOptions> = {
  id: '05-by-chance',
  points: 2,
  judge: (answer) => {
    if ((answer.mode ?? 'exhaustive') === 'exhaustive')
      return notYet('That search leaves nothing to chance: it follows every schedule.');
    const needed = [1, 2, 3].map((seed) => {
      const { verdict, executions } = explore('pae-torn-read', { ...answer, release: 'v6.1', seed });
      return verdict === 'found' ? executions : Infinity;
    });
    const most = Math.max(...needed);
    if (most === Infinity) return notYet('With one of three seeds the torn read is not met at all.');
    if (most > FEW)
      return notYet(`With one of three seeds it takes ${most} executions to meet the torn read.`);
    return {
      points: 2,
      message: `Met after ${needed.join(', ')} executions: few switches at well-drawn places find what needs few switches.`,
    };
  },
};

/** The patch of September 2020 that was never merged. */
const RFC = { release: 'v6.1', with: ['?pagewalk-pud-once'] };

const holeInTheRfc: Exercise<string> = {
  id: '05-hole-in-the-rfc',
  points: 2,
  judge: (answer) => {
    const { steps, ends, contextSwitches } = replay('pud-walk', answer, RFC);
    if (ends === null) return notYet(`After ${steps.length} steps the walk has not gone astray.`);
    const { states } = explore('pud-walk', { release: 'v6.1', with: ['3b89863c3fa4'] });
    return {
      points: 2,
      message: `Astray with ${contextSwitches} switches between CPUs: to read once is not to look again. With 3b89863c3fa4 none of ${states} states is like that.`,
    };
  },
};

export const walkersAndTearingExercises = {
  '05-whole-as-it-was': wholeAsItWas,
  '05-mend': mend,
  '05-by-chance': byChance,
  '05-hole-in-the-rfc': holeInTheRfc,
};
