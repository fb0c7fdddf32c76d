import type { OwnPatch } from '../own/own-patch.js';
import { resolvePatches } from '../patches/releases.js';
import { Conformance } from '../trace/conformance.js';
import type { MakeDriver } from '../trace/driver.js';
import { makeCheckedModel, makeModel } from '../trace/model.js';
import type { RecordedProgram } from '../trace/recording.js';
import { type Exercise, notYet } from './exercise.js';

/** The recordings of 6.12 leave the flag KSM out. */
const RECORDED = { release: '6.12', arch: 'x86_64', withheld: 'k' };

function replayed(
  program: RecordedProgram,
  kernel: {
    readonly release?: string;
    readonly with?: readonly string[];
    readonly without?: readonly string[];
  },
  makeDriver: MakeDriver = makeModel,
): Conformance {
  const conformance = new Conformance();
  conformance.add('amd64-6.12', program, { ...RECORDED, ...kernel }, makeDriver);
  return conformance;
}

/** The first place where a program differs, in words. */
function whereIn({ first }: Conformance): string {
  const [found] = first;
  return found === undefined
    ? 'nothing differs'
    : `after operation ${found.op}, "${found.line}", ${found.observable} is ${found.got}, and was ${found.expected}`;
}

const missed: Exercise<{ program: RecordedProgram; without: readonly string[] }> = {
  id: '08-missed',
  points: 1,
  judge: ({ program, without }) => {
    if (without.length !== 1) return notYet('Take away one patch, no more and no fewer.');
    if (replayed(program, {}).total.disagree > 0)
      return notYet(`${program.id} does not agree with 6.12 as it is: was it recorded on another kernel?`);
    const found = replayed(program, { without });
    if (found.total.disagree === 0)
      return notYet(
        `${program.id} does not notice that ${without[0]} is missing. What does that patch change?`,
      );
    return { points: 1, message: `${program.id} misses ${without[0]}: ${whereIn(found)}.` };
  },
};

const PROGRAM = 'c-uffdwp-anon-fork-event';

const cause: Exercise<{ program: RecordedProgram; with: readonly string[] }> = {
  id: '08-cause',
  points: 2,
  judge: ({ program, with: added }) => {
    if (program.id !== PROGRAM) return notYet(`The program is ${PROGRAM}; this is ${program.id}.`);
    const found = replayed(program, { release: '6.1', with: added });
    if (found.total.disagree > 0) return notYet(`There is a difference left: ${whereIn(found)}.`);
    const superfluous = added.find((id) => replayedWithout(program, added, id)?.total.disagree === 0);
    if (superfluous !== undefined)
      return { points: 1, message: `All agrees, but it would without ${superfluous}, too.` };
    return { points: 2, message: `6.1 with ${added.join(' and ')} does in ${PROGRAM} what 6.12 did.` };
  },
};

/** Undefined where the others need it. */
function replayedWithout(
  program: RecordedProgram,
  added: readonly string[],
  id: string,
): Conformance | undefined {
  const rest = added.filter((other) => other !== id);
  try {
    resolvePatches('6.1', RECORDED.arch, rest);
  } catch {
    return undefined;
  }
  return replayed(program, { release: '6.1', with: rest });
}

const unnoticed: Exercise<{ program: RecordedProgram; own: OwnPatch }> = {
  id: '08-unnoticed',
  points: 2,
  judge: ({ program, own }) => {
    if (replayed(program, {}, makeCheckedModel).total.disagree > 0)
      return notYet(`${program.id} does not agree with 6.12 as it is: was it recorded on another kernel?`);
    const changed = own.load<{ makeCheckedModel: MakeDriver }>('trace/model.ts');
    const found = replayed(program, {}, changed.makeCheckedModel);
    if (found.total.disagree === 0)
      return notYet(`${program.id} does not notice your change. Does it come to that line at all?`);
    if (found.total.failed > 0)
      return notYet(`The model itself noticed before the recording could: ${String(found.first[0]?.got)}.`);
    return { points: 2, message: `No invariant is broken, and still: ${whereIn(found)}.` };
  },
};

export const modelAgainstKernelsExercises = {
  '08-missed': missed,
  '08-cause': cause,
  '08-unnoticed': unnoticed,
};
