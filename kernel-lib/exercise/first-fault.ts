import type { Process } from '../sys/process.js';
import { type Exercise, notYet } from './exercise.js';
import { framesFrom, machineWith } from './machine-answers.js';

/** Maps memory in a process and touches it, or not. @returns the address of the first page */
type Mapping = (process: Process) => number;

const NR_SAME = 4;

const oneFrame: Exercise<Mapping> = {
  id: '00-one-frame',
  points: 1,
  judge: (answer) => {
    const { process } = machineWith('reader');
    const frames = framesFrom({ process, address: answer(process) }, NR_SAME);
    const missing = frames.indexOf(undefined);
    if (missing >= 0) return notYet(`Page ${missing} has no frame yet: nothing has touched it.`);
    const other = frames.findIndex((frame) => frame !== frames[0]);
    if (other > 0)
      return notYet(
        `Page 0 is in frame ${frames[0]}, page ${other} in ${frames[other]}. Whose fault needs no page of its own?`,
      );
    return { points: 1, message: 'All four are the zero page: who only reads needs no page.' };
  },
};

const NR_FREE = 8;

const noFault: Exercise<Mapping> = {
  id: '00-no-fault',
  points: 1,
  judge: (answer) => {
    const { process } = machineWith('writer');
    const address = answer(process);
    for (let i = 0; i < NR_FREE; i++) {
      const before = process.faults.min;
      process.write(address + i * process.machine.pageSize, i);
      if (process.faults.min > before)
        return notYet(
          `Writing page ${i} cost ${process.faults.min - before} faults. Somebody else must touch it before, for writing.`,
        );
    }
    return { points: 1, message: 'Eight writes and not one fault: all of it was paid for before.' };
  },
};

/** Does something to the two processes after fork, before the parent writes. */
type BeforeWrite = (parent: Process, child: Process, page: number) => void;

const keepFrame: Exercise<BeforeWrite> = {
  id: '00-keep-frame',
  points: 2,
  judge: (answer) => {
    const { process: parent } = machineWith('parent');
    const page = parent.mmap(1);
    parent.write(page, 0x41);
    const [before] = framesFrom({ process: parent, address: page }, 1);
    const child = parent.fork('child');
    answer(parent, child, page);
    parent.write(page, 0x42);
    const [after] = framesFrom({ process: parent, address: page }, 1);
    if (after !== before)
      return notYet(
        `The parent's page moved from frame ${before} to ${after}: when it wrote, another process still had the page.`,
      );
    return {
      points: 2,
      message: 'The parent was alone with the page again, so the kernel gave it back with no copy.',
    };
  },
};

export const firstFaultExercises = {
  '00-one-frame': oneFrame,
  '00-no-fault': noFault,
  '00-keep-frame': keepFrame,
};
