import { InputError } from '../base/error.js';
import type { Globals } from '../machine/globals.js';
import type { MachineSetup, MakeDriver } from './driver.js';
import type { Model } from './model.js';
import type { RecordedOperation, RecordedProgram } from './recording.js';

/** What the memory cgroup of the processes keeps when a program has ended: counts, not pages. */
const kept = [
  ...(['workingsetActivations', 'snapshotActivations', 'statActivations'] as const),
  ...(['statInactiveAnon', 'statActiveAnon', 'statInactiveFile', 'statActiveFile'] as const),
  ...(['anonCost', 'fileCost'] as const),
];

type Past = Pick<Globals, (typeof kept)[number]>;

/** What was run of a program, without what was seen. */
interface RanProgram extends Pick<RecordedProgram, 'header' | 'dropped'> {
  readonly operations: readonly Pick<RecordedOperation, 'operation'>[];
}

/**
 * MODEL: a boot of the recorded guest. It runs the programs of one file one after another in one memory cgroup, so
 * pages that came back in earlier programs, after reclaim last ended, are still news to the next `reclaim`: it makes
 * active pages inactive that it would else have spared. A program is therefore driven with the past of those before it.
 *
 * @differs what a program did after its recording was cut short is not known; nor, where programs are passed over, is
 * what lies before the last one of them that reclaims
 */
export class RecordedBoot {
  readonly #target: Omit<MachineSetup, 'program'>;
  readonly #make: (setup: MachineSetup) => Model;
  #last: Model | undefined;
  #passedOver: RanProgram[] = [];

  /** @param make how the machine of each program is made, such as `makeModel` */
  constructor(target: Omit<MachineSetup, 'program'>, make: (setup: MachineSetup) => Model) {
    this.#target = target;
    this.#make = make;
  }

  /** What makes the machine for the next program of the file. */
  drive(program: RanProgram): MakeDriver {
    for (const earlier of this.#passedOver.splice(0)) this.#run(earlier);
    // The guest stopped in it, and the next program found a new one.
    if (program.dropped !== undefined) this.#last = undefined;
    return (setup) => this.#machine(setup);
  }

  /** The next program of the file is of no interest in itself, but ran. */
  passOver(program: RecordedProgram): void {
    const reclaims = program.operations.some(({ operation }) => operation.name === 'reclaim');
    if (reclaims) this.#passedOver = [];
    const { header, dropped, operations } = program;
    this.#passedOver.push({
      header,
      dropped,
      operations: operations.map(({ operation }) => ({ operation })),
    });
  }

  /** What goes wrong in it is told when somebody asks about it. */
  #run(program: RanProgram): void {
    try {
      const driver = this.drive(program)({ ...this.#target, program: program.header });
      for (const { operation } of program.operations) driver.execute(operation);
    } catch (err) {
      if (err instanceof InputError) throw err;
    }
  }

  #machine(setup: MachineSetup): Model {
    const past: Past | undefined = this.#last?.world.k.globals;
    const model = this.#make(setup);
    if (past !== undefined) for (const count of kept) model.world.k.globals[count] = past[count];
    this.#last = model;
    return model;
  }
}
