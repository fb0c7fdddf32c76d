import type { DevicePin } from '../sys/held-pages.js';
import { type RunOptions, runScenario } from '../scenario/run.js';
import type { Process } from '../sys/process.js';
import { type Exercise, notYet } from './exercise.js';
import { framesFrom, machineWith } from './machine-answers.js';

/** Pins the page, which was read once, for a device that will only read. */
type PinPage = (process: Process, page: number) => DevicePin;

const seesWrite: Exercise<PinPage> = {
  id: '03-sees-write',
  points: 1,
  judge: (answer) => {
    const { process } = machineWith('driver', { release: 'v6.1' });
    const page = process.mmap(1);
    process.read(page);
    const pin = answer(process, page);
    process.write(page, 255);
    const seen = pin.read();
    if (seen !== 255)
      return notYet(`The process wrote 255, the device reads ${seen}: it holds another page.`);
    return {
      points: 1,
      message:
        'The device sees the write, on a kernel without the series: the page was the process’s own before it was pinned.',
    };
  },
};

/** The switch itself, and the four that it needs, one through the other. */
const NR_NEEDED = 5;

const smallestKernel: Exercise<RunOptions> = {
  id: '03-smallest-kernel',
  points: 2,
  judge: (answer) => {
    if ((answer.release ?? 'v6.1') !== 'v6.1') return notYet(`Start from v6.1, not from ${answer.release}.`);
    const run = runScenario('longterm-pin-zeropage', { ...answer, release: 'v6.1' });
    if (!run.verdict.startsWith('PASS')) return notYet(`On ${run.kernel}: ${run.verdict}.`);
    const nr = answer.with?.length ?? 0;
    if (nr > NR_NEEDED) return { points: 1, message: `It works with ${nr} patches. Fewer are enough.` };
    return { points: 2, message: `${run.verdict}, with no patch too many.` };
  },
};

const keepShared: Exercise<(parent: Process, child: Process, page: number) => DevicePin> = {
  id: '03-who-copies',
  points: 2,
  judge: (answer) => {
    const { process: parent } = machineWith('parent');
    const page = parent.mmap(1);
    parent.write(page, 17);
    const child = parent.fork('child');
    const [before] = framesFrom({ process: parent, address: page }, 1);
    const pin = answer(parent, child, page);
    const [after] = framesFrom({ process: parent, address: page }, 1);
    if (after !== before)
      return notYet('The parent’s page was replaced: pinning a page that may be shared unshares it first.');
    parent.write(page, 255);
    if (pin.read() !== 255) return notYet(`The parent wrote 255, the device reads ${pin.read()}.`);
    return {
      points: 2,
      message: 'The parent kept its page and the device sees its writes: the child had let go of it before.',
    };
  },
};

export const unshareExercises = {
  '03-sees-write': seesWrite,
  '03-who-copies': keepShared,
  '03-smallest-kernel': smallestKernel,
};
