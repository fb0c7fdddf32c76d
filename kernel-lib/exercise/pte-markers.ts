import { type RunOptions, runScenario } from '../scenario/run.js';
import type { Scenario } from '../scenario/scenario.js';
import { type Exercise, notYet } from './exercise.js';

const recipe = (steps: readonly string[]): Scenario => ({
  name: 'your-steps',
  number: '',
  kind: 'sequential',
  title: 'The steps of an answer',
  swap: 'dm',
  objects: ['obj 0 tmpfs 1'],
  steps,
  verdict: () => 'done',
  expected: () => 'done',
  why: '',
  source: '',
});

const makeMarker: Exercise<readonly string[]> = {
  id: '02-make-marker',
  points: 2,
  judge: (answer) => {
    const run = runScenario(recipe(answer), { release: 'v6.2' });
    const last = run.steps.at(-1);
    if (last === undefined) return notYet('There are no steps.');
    if (last.err !== 0) return notYet(`The last step failed: errno ${last.err}.`);
    const text = last.pages[0]?.text ?? 'nothing';
    if (!text.includes('marker'))
      return notYet(`After the last step the entry is: ${text}. A marker stands where no page is.`);
    return { points: 2, message: `The entry is: ${text}. The place remembers, without a page.` };
  },
};

const silentChild: Exercise<RunOptions> = {
  id: '02-silent-child',
  points: 2,
  judge: (answer) => {
    const run = runScenario('swap-error-child', answer);
    if (run.verdict.includes('SIGBUS'))
      return notYet(`On ${run.kernel}: ${run.verdict}. That is honest: the reader is told.`);
    return { points: 2, message: `On ${run.kernel}: ${run.verdict}. Nobody is told that data is gone.` };
  },
};

/** What kind of entry a raw 64-bit x86 value is. */
type Classify = (raw: bigint) => 'nothing' | 'present' | 'not present';

const samples: readonly (readonly [bigint, ReturnType<Classify>, string])[] = [
  [0n, 'nothing', 'an empty entry'],
  [0x8000000000000867n, 'present', 'a writable page'],
  [0x8000000000000925n, 'present', 'a read-only page'],
  [0x8000000000000960n, 'present', 'a page behind PROT_NONE'],
  [0x0fffffffffffde02n, 'not present', 'a page in swap'],
  [0xf7fffffffffffc00n, 'not present', 'a marker'],
];

const classify: Exercise<Classify> = {
  id: '02-classify',
  points: 2,
  judge: (answer) => {
    for (const [raw, kind, what] of samples) {
      const said = answer(raw);
      if (said !== kind)
        return notYet(`0x${raw.toString(16)} is ${what}, so '${kind}'; the answer says '${said}'.`);
    }
    return {
      points: 2,
      message: 'Right for all six, also for the page that PROT_NONE hides from the processor.',
    };
  },
};

export const pteMarkersExercises = {
  '02-make-marker': makeMarker,
  '02-silent-child': silentChild,
  '02-classify': classify,
};
